"""What the pages of workflows show, gathered; the templates only draw it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.client import Queue
from runtime.model.composition import Member, WorkflowGraph, WorkflowRecord, WorkflowState
from runtime.model.records import Page
from web.graph import Layer, Picture, draw, layers, steps_of

PAGE = 50
"""Workflows on a page."""
JOBS = 100
"""Jobs on the page of a workflow."""
LARGEST_GRAPH = 2_000
"""Jobs whose dependencies are read, each time that a page renews itself."""
MOST_LAYERS = 40
_PARENTS_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowList:
    """Some workflows, newest first, as of one moment."""

    now: float
    state: WorkflowState | None
    """Which alone are listed."""
    page: Page[WorkflowRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job in the list of its workflow."""

    job: Member
    step: int | None
    """From 1; None where the workflow is too large to be laid out."""
    parents: tuple[int, ...]
    """The first of those that it waits or waited for."""
    more_parents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowView:
    """A workflow, as of one moment."""

    now: float
    record: WorkflowRecord
    picture: Picture | None
    layers: tuple[Layer, ...]
    """Where there is no picture: its steps, unless there are too many jobs for that too."""
    more_layers: int
    jobs: tuple[JobRow, ...]
    cursor: int | None
    """Where the next jobs begin."""

    @property
    def ends_well(self) -> bool:
        """Whether nothing could be begun anew."""
        return not (self.record.failed or self.record.cancelled)


async def look_at_workflows(
    queue: Queue, now: float, state: WorkflowState | None, cursor: int | None
) -> WorkflowList:
    """Gather the list.

    Raises:
        DatabaseError: the database cannot be read.
    """
    page = await queue.workflows(state=state, limit=PAGE, cursor=cursor)
    return WorkflowList(now=now, state=state, page=page)


async def look_at_workflow(queue: Queue, now: float, workflow_id: int, cursor: int | None) -> WorkflowView:
    """Gather what there is to say of a workflow.

    Raises:
        NotFound: no such workflow.
        DatabaseError: the database cannot be read.
    """
    record = await queue.workflow(workflow_id)
    page = await queue.workflow_jobs(workflow_id, limit=JOBS, cursor=cursor)
    graph = await queue.workflow_graph(workflow_id, most=LARGEST_GRAPH)
    picture = draw(graph) if graph else None
    steps = layers(graph) if graph and not picture else []
    return WorkflowView(
        now=now,
        record=record,
        picture=picture,
        layers=tuple(steps[:MOST_LAYERS]),
        more_layers=max(0, len(steps) - MOST_LAYERS),
        jobs=_rows(page.items, graph),
        cursor=page.cursor,
    )


def _rows(jobs: Sequence[Member], graph: WorkflowGraph | None) -> tuple[JobRow, ...]:
    """The jobs, each behind those that it waits for."""
    if graph is None:
        return tuple(JobRow(job=job, step=None, parents=(), more_parents=0) for job in jobs)
    steps, parents = steps_of(graph), defaultdict(list)
    for edge in graph.edges:
        parents[edge.job_id].append(edge.parent_id)
    return tuple(
        JobRow(
            job=job,
            step=steps.get(job.id, 0) + 1,
            parents=tuple(parents[job.id][:_PARENTS_NAMED]),
            more_parents=max(0, len(parents[job.id]) - _PARENTS_NAMED),
        )
        for job in sorted(jobs, key=lambda job: (steps.get(job.id, 0), job.id))
    )
