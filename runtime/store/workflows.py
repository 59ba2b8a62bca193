"""Workflows: jobs that belong together, counted as they end, cancelled and begun anew as a whole."""

import json
from collections import Counter
from collections.abc import Sequence

from runtime.errors import NotFound
from runtime.model.composition import (
    Dependency,
    Edge,
    Member,
    WorkflowGraph,
    WorkflowRecord,
    WorkflowState,
    workflow_state,
)
from runtime.model.records import Page, Status
from runtime.store.composition import Ended
from runtime.store.transaction import StoreTransaction


def create(tx: StoreTransaction, name: str, jobs: Sequence[int]) -> WorkflowRecord:
    """Make one of new jobs, at least one."""
    tx.change("insert_workflow", id=jobs[0], name=name, now=tx.now, unfinished=len(jobs))
    tx.many("insert_member", [(job_id, jobs[0]) for job_id in jobs])
    return _record(jobs[0], name, tx.now, None, len(jobs), 0, 0, 0)


def of(tx: StoreTransaction, job_id: int) -> int | None:
    """To which workflow a job belongs."""
    return tx.one("workflow_of", int, job_id=job_id)


def join(tx: StoreTransaction, workflow_id: int, jobs: Sequence[int]) -> None:
    """Add new jobs that have not ended."""
    tx.many("insert_member", [(job_id, workflow_id) for job_id in jobs])
    _count(tx, workflow_id, Counter({None: len(jobs)}))


def count_ended(tx: StoreTransaction, jobs: Sequence[Ended]) -> None:
    """Count jobs that have come to an end in the workflows that they belong to."""
    statuses = {job.id: job.status for job in jobs}
    changes: dict[int, Counter[Status | None]] = {}
    for job_id, workflow_id in tx.all("workflows_of", lambda *row: row, ids=json.dumps(list(statuses))):
        changes.setdefault(workflow_id, Counter()).update((statuses[job_id],))
    for workflow_id, change in changes.items():  # in the order of their ids, against deadlocks
        change[None] = -change.total()
        _count(tx, workflow_id, change)


def count_anew(tx: StoreTransaction, jobs: Sequence[int], was: Status) -> None:
    """Count jobs that had all ended so, and begin anew."""
    if jobs:
        found = Counter(
            row[1] for row in tx.all("workflows_of", lambda *row: row, ids=json.dumps(list(jobs)))
        )
        for workflow_id, number in found.items():  # in the order of their ids, against deadlocks
            _count(tx, workflow_id, Counter({None: number, was: -number}))


def find(tx: StoreTransaction, workflow_id: int) -> WorkflowRecord:
    """The workflow of that id.

    Raises:
        NotFound: there is none.
    """
    record = tx.one("find_workflow", _record, id=workflow_id)
    if record is None:
        raise NotFound(f"there is no workflow {workflow_id}")
    return record


def page(
    tx: StoreTransaction, *, limit: int, cursor: int | None, state: WorkflowState | None = None
) -> Page[WorkflowRecord]:
    """Workflows, newest first, from behind `cursor`; of one state, if it is given."""
    before = 2**62 if cursor is None else cursor
    name = "list_workflows" if state is None else f"list_{state}_workflows"
    found = tx.all(name, _record, before=before, most=limit + 1)
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def members(tx: StoreTransaction, workflow_id: int, *, limit: int, cursor: int | None) -> Page[Member]:
    """Its jobs in the order in which they were stored, from behind `cursor`.

    Raises:
        NotFound: no such workflow.
    """
    find(tx, workflow_id)
    found = tx.all("members_of", _member, id=workflow_id, after=cursor or 0, most=limit + 1)
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def graph(tx: StoreTransaction, workflow_id: int, *, most: int) -> WorkflowGraph | None:
    """Its jobs and who waits for whom; None where there are more than `most`, or ten times as many edges.

    Raises:
        NotFound: no such workflow.
    """
    if find(tx, workflow_id).total > most:
        return None
    found = tx.all("members_of", _member, id=workflow_id, after=0, most=most)
    edges = tx.all("edges_within", _dependency, id=workflow_id, most=10 * most + 1)
    return None if len(edges) > 10 * most else WorkflowGraph(tuple(found), tuple(edges))


def unfinished(tx: StoreTransaction, workflow_id: int, most: int) -> list[int]:
    """Some of its jobs that can still be cancelled."""
    return tx.all("unfinished_members", int, id=workflow_id, most=most)


def unsuccessful(tx: StoreTransaction, workflow_id: int, after: int, most: int) -> list[int]:
    """The first of its jobs behind `after` that can be begun anew."""
    return tx.all("unsuccessful_members", int, id=workflow_id, after=after, most=most)


def forget(tx: StoreTransaction, jobs: Sequence[int]) -> None:
    """These jobs are deleted; a workflow goes with the last of its jobs."""
    emptied = {row[1] for row in tx.all("workflows_of", lambda *row: row, ids=json.dumps(list(jobs)))}
    if emptied:
        tx.many("delete_member", [(job_id,) for job_id in jobs])
        tx.change("delete_empty_workflows", ids=json.dumps(sorted(emptied)))


def _count(tx: StoreTransaction, workflow_id: int, change: Counter[Status | None]) -> None:
    """None stands for those that have not ended."""
    tx.change(
        "count_in_workflow",
        id=workflow_id,
        now=tx.now,
        unfinished=change[None],
        completed=change[Status.COMPLETED],
        failed=change[Status.FAILED],
        cancelled=change[Status.CANCELLED],
    )


def _record(
    workflow_id: int, name: str, created_at: float, finished_at: float | None,
    unfinished: int, completed: int, failed: int, cancelled: int,
) -> WorkflowRecord:  # fmt: skip
    return WorkflowRecord(
        id=workflow_id,
        name=name,
        state=workflow_state(unfinished, failed, cancelled),
        created_at=created_at,
        finished_at=finished_at,
        unfinished=unfinished,
        completed=completed,
        failed=failed,
        cancelled=cancelled,
    )


def _member(job_id: int, job_type: str, status: str) -> Member:
    return Member(id=job_id, type=job_type, status=Status(status))


def _dependency(parent_id: int, job_id: int, edge: str) -> Dependency:
    return Dependency(parent_id, job_id, Edge(edge))
