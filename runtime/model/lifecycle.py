"""What becomes of a job: the one place that decides it.

    processing ─┬─ completed ───────────────────────────────► completed
                ├─ failed, timed out ─ attempts left ───────► scheduled (pending when the delay is 0)
                │                    └ none left, or final,
                │                      or past its deadline ─► failed, dead letter
                ├─ cancelled ───────────────────────────────► cancelled
                ├─ snoozed ─────────────────────────────────► scheduled   attempt not used up
                ├─ interrupted ─────────────────────────────► pending     attempt not used up
                └─ crashed ─ the first two times ───────────► pending     attempt not used up
                           └ the third, when it ran alone ──► failed, dead letter

A job that was there when its worker died twice is under suspicion: it runs alone in
its worker from then on, so that its third crash proves it the cause, and those that
only ran beside it are not buried with it.

Pure: a job, an outcome, a moment and a random number give a `Transition`;
`runtime/store` writes it down.
"""

from enum import StrEnum
from typing import NamedTuple, assert_never

from runtime.errors import NotAllowed
from runtime.model.outcomes import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Interrupted,
    Outcome,
    Snoozed,
    TimedOut,
)
from runtime.model.records import ClaimedJob, Status
from runtime.model.retry import Retry

POISON_PILL_CRASHES = 3
"""So often may a job take its worker down with it."""
SUSPICION = POISON_PILL_CRASHES - 1
"""After so many it runs alone."""
MAX_SNOOZE = 30 * 86_400.0


class Transition(NamedTuple):
    """What one attempt makes of its job."""

    status: Status
    attempts: int
    crashes: int
    attempt: int
    """The attempt's number in the history."""
    outcome: str
    """The attempt's outcome in the history."""
    error: str | None = None
    """The attempt's error, or the reason of its ending, in the history."""
    scheduled_at: float | None = None
    """The new due time; None: as it was."""
    last_error: str | None = None
    """None: as it was."""
    completed_at: float | None = None
    """When it ended, if it ended."""
    dead: bool = False
    """It goes to the dead letter queue."""


def settle(job: ClaimedJob, outcome: Outcome, now: float, retry: Retry, jitter: float) -> Transition:
    """Decide what becomes of a job after one attempt.

    `now` is wall time; `jitter` is a random number in [0, 1) that moves the retry delay.
    """
    match outcome:
        case Completed():
            transition = _ended(job, outcome, Status.COMPLETED, None, now)
        case Failed(error=error, final=final):
            transition = _failed(
                job, outcome, error, now, 0 if final else retry.delay(job.attempts + 1, jitter)
            )
        case TimedOut(after=after, error=error):
            text = f"timed out after {after:g} s" + (f": {error}" if error else "")
            transition = _failed(job, outcome, text, now, retry.delay(job.attempts + 1, jitter))
        case Cancelled(reason=reason):
            transition = _ended(job, outcome, Status.CANCELLED, reason or "cancelled", now)
        case Snoozed(delay=delay, reason=reason):
            # This order of arguments turns a delay that is not a number into 0.
            transition = _waiting(job, outcome, reason, now, min(MAX_SNOOZE, max(0.0, delay)))
        case Interrupted(reason=reason):
            transition = _given_back(job, outcome, reason, job.crashes)
        case Crashed(reason=reason, alone=alone):
            transition = _crashed(job, outcome, reason, now, alone=alone)
        case _:
            assert_never(outcome)
    return transition


def _ended(job: ClaimedJob, outcome: Outcome, status: Status, error: str | None, now: float) -> Transition:
    return Transition(
        status=status,
        attempts=job.attempts + 1,
        crashes=job.crashes,
        last_error=error,
        completed_at=now,
        dead=status is Status.FAILED,
        attempt=job.attempts + 1,
        outcome=outcome.name,
        error=error,
    )


def _failed(job: ClaimedJob, outcome: Failed | TimedOut, error: str, now: float, delay: float) -> Transition:
    final = isinstance(outcome, Failed) and outcome.final
    too_late = job.end_by is not None and now + delay >= job.end_by
    if final or too_late or job.attempts + 1 >= job.max_attempts:
        return _ended(job, outcome, Status.FAILED, error, now)
    return Transition(
        status=Status.SCHEDULED if delay > 0 else Status.PENDING,
        attempts=job.attempts + 1,
        crashes=job.crashes,
        scheduled_at=now + delay,
        last_error=error,
        attempt=job.attempts + 1,
        outcome=outcome.name,
        error=error,
    )


def _waiting(job: ClaimedJob, outcome: Snoozed, reason: str, now: float, delay: float) -> Transition:
    return Transition(
        status=Status.SCHEDULED if delay > 0 else Status.PENDING,
        attempts=job.attempts,
        crashes=job.crashes,
        scheduled_at=now + delay,
        attempt=job.attempts + 1,
        outcome=outcome.name,
        error=reason or None,
    )


def _given_back(
    job: ClaimedJob, outcome: Interrupted | Crashed, reason: str, crashes: int, last_error: str | None = None
) -> Transition:
    """Pending at once, at its old place in the order."""
    return Transition(
        status=Status.PENDING,
        attempts=job.attempts,
        crashes=crashes,
        last_error=last_error,
        attempt=job.attempts + 1,
        outcome=outcome.name,
        error=reason or None,
    )


def runs_alone(job: ClaimedJob) -> bool:
    """Whether a worker may run nothing beside this job."""
    return job.crashes >= SUSPICION


def _crashed(job: ClaimedJob, outcome: Crashed, reason: str, now: float, *, alone: bool) -> Transition:
    crashes = job.crashes + 1 if alone else max(job.crashes, min(job.crashes + 1, SUSPICION))
    if crashes < POISON_PILL_CRASHES:
        return _given_back(job, outcome, reason, crashes, last_error=reason or None)
    return Transition(
        status=Status.FAILED,
        attempts=job.attempts,
        crashes=crashes,
        last_error=f"poison pill: its worker died {crashes} times while running it; last: {reason}",
        completed_at=now,
        dead=True,
        attempt=job.attempts + 1,
        outcome=outcome.name,
        error=reason or None,
    )


class CancelAction(StrEnum):
    """How a cancellation is carried out."""

    AT_ONCE = "at_once"
    """The job waits: it ends as cancelled now."""
    REQUEST = "request"
    """A worker runs it: it is told, and the attempt ends as cancelled."""


def cancel_when(status: Status) -> CancelAction:
    """How to cancel a job in this status.

    Raises:
        NotAllowed: it has ended.
    """
    match status:
        case Status.SCHEDULED | Status.BLOCKED | Status.PENDING:
            return CancelAction.AT_ONCE
        case Status.PROCESSING:
            return CancelAction.REQUEST
        case Status.COMPLETED | Status.FAILED | Status.CANCELLED:
            raise NotAllowed(f"a job that is {status} cannot be cancelled: it has ended")
        case _:
            assert_never(status)


def check_retry(status: Status) -> None:
    """Let an operator run a failed, cancelled or scheduled job now.

    Raises:
        NotAllowed: it is in another status.
    """
    match status:
        case Status.FAILED | Status.CANCELLED | Status.SCHEDULED:
            return
        case Status.PENDING | Status.PROCESSING | Status.BLOCKED | Status.COMPLETED:
            raise NotAllowed(f"a job that is {status} cannot be retried: only failed, cancelled or scheduled")
        case _:
            assert_never(status)
