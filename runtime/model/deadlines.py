"""What becomes of a job that must start, or be done, by a moment: the decision when somebody looks at it."""

from datetime import UTC, datetime
from typing import NamedTuple

from runtime.model.records import Status

RECHECK = 5.0
"""Seconds until a running job whose time is up is looked at again: its attempt is being cancelled."""


class Due(NamedTuple):
    """A job with a deadline, as it stands now."""

    job_id: int
    type: str
    status: Status
    started: bool
    """Whether any run of it has begun, however that ended."""
    start_by: float | None
    end_by: float | None


class Verdict(NamedTuple):
    """What is to be done with it; nothing any more where both are None."""

    reason: str | None = None
    """Cancel it, for this reason."""
    next_at: float | None = None
    """Look at it again then."""


def judge(due: Due, now: float) -> Verdict:
    """Decide about a job whose moment has come, or may have."""
    if due.status.finished:
        return Verdict()
    running = due.status is Status.PROCESSING
    if due.end_by is not None and due.end_by <= now:
        # What runs ends by the time limit of its attempt; should its worker be dead, it will wait again.
        late = f"expired: not done by {_text(due.end_by)}"
        return Verdict(next_at=now + RECHECK) if running else Verdict(late)
    if due.start_by is not None and not (running or due.started):
        if due.start_by <= now:
            return Verdict(f"expired: not started by {_text(due.start_by)}")
        return Verdict(next_at=next_look(due.start_by, due.end_by))
    return Verdict(next_at=due.end_by)


def next_look(start_by: float | None, end_by: float | None) -> float | None:
    """When somebody has to look at a job that waits; None: never."""
    return min((moment for moment in (start_by, end_by) if moment is not None), default=None)


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
