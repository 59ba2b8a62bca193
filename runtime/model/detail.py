"""A job with all there is to say of it."""

from dataclasses import dataclass

from runtime.model.composition import Relative
from runtime.model.records import AttemptRecord, JobRecord, LogRecord, ProgressRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetail:
    """A job with its history."""

    record: JobRecord
    history: tuple[AttemptRecord, ...]
    """All runs, oldest first."""
    wait_reason: str | None
    """Why it is not running now; None when it runs or is finished."""
    result: str | None = None
    """What its handler returned, as JSON text."""
    progress: ProgressRecord | None = None
    """None while its newest attempt has not said."""
    logs: tuple[LogRecord, ...] = ()
    """The newest lines of its log, oldest first."""
    start_by: float | None = None
    """Not started by then, it is cancelled."""
    end_by: float | None = None
    """When it must be done."""
    parents: tuple[Relative, ...] = ()
    """The first of the jobs that it waits for or waited for, in its order."""
    children: tuple[Relative, ...] = ()
    """The first of those that wait or waited for it."""
    workflow_id: int | None = None
    """The workflow that it belongs to."""
