"""Composition: what becomes of a job when one that it depends on ends, and where a workflow stands.

                 parent completed   parent failed or was cancelled
    cancel       done               the job is cancelled too, and what depends on it
    run          done               done
    wait         done               still open: until the parent is retried and completes

A job is due once none of its edges is open. Pure; `runtime/store/composition.py` writes it down.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pydantic import JsonValue

from runtime.model.records import NewJob, OnFailure, Status


class Edge(StrEnum):
    """Where a dependency stands."""

    OPEN = "open"
    """The job waits for the parent."""
    DONE = "done"
    CANCELLED = "cancelled"
    """The parent's end cancelled the job; open again when the parent is retried."""


def edge_after(parent: Status, on_failure: OnFailure) -> Edge:
    """The state of an edge whose parent is in that status."""
    match parent:
        case Status.COMPLETED:
            return Edge.DONE
        case Status.FAILED | Status.CANCELLED:
            return {"cancel": Edge.CANCELLED, "run": Edge.DONE, "wait": Edge.OPEN}[on_failure]
        case _:
            return Edge.OPEN


class WorkflowState(StrEnum):
    """How a workflow stands as a whole."""

    RUNNING = "running"
    """Some of its jobs have not ended."""
    COMPLETED = "completed"
    FAILED = "failed"
    """All have ended, and one or more failed for good."""
    CANCELLED = "cancelled"
    """All have ended, none failed, and one or more were cancelled."""


def workflow_state(unfinished: int, failed: int, cancelled: int) -> WorkflowState:
    """From how many of its jobs stand where."""
    if unfinished:
        return WorkflowState.RUNNING
    if failed:
        return WorkflowState.FAILED
    return WorkflowState.CANCELLED if cancelled else WorkflowState.COMPLETED


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """New jobs that wait for each other, in an order in which each comes after those that it waits for."""

    jobs: tuple[NewJob, ...]
    parents: tuple[tuple[int, ...], ...]
    """For each job the positions of those that it waits for."""
    ends: tuple[int, ...]
    """The positions of the last ones: what comes after the whole waits for these."""
    awaited: bool = False
    """Whether what depends on the job that enqueues them waits for them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A job that another waits for, or that waits for it."""

    id: int
    type: str
    status: Status
    edge: Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentResult:
    """What a job that another depends on has handed on."""

    id: int
    type: str
    status: Status
    value: JsonValue
    """What its handler returned; None also where it did not complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A job of a workflow."""

    id: int
    type: str
    status: Status


class Dependency(NamedTuple):
    """A job waits or waited for another."""

    parent_id: int
    job_id: int
    edge: Edge


@dataclass(frozen=True, slots=True)
class WorkflowGraph:
    """The jobs of a workflow, and who of them waits for whom."""

    jobs: tuple[Member, ...]
    """In the order in which they were stored."""
    edges: tuple[Dependency, ...]
    """Between these jobs alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRecord:
    """Jobs that belong together, and how many of them stand where."""

    id: int
    """That of its first job."""
    name: str
    state: WorkflowState
    created_at: float
    finished_at: float | None
    """When the last of its jobs ended; None while one has not."""
    unfinished: int
    completed: int
    failed: int
    cancelled: int

    @property
    def total(self) -> int:
        """How many jobs it has, those added on the way too."""
        return self.unfinished + self.completed + self.failed + self.cancelled

    @property
    def progress(self) -> float:
        """The share of its jobs that have ended, 0 to 1."""
        return 1 - self.unfinished / self.total if self.total else 1.0
