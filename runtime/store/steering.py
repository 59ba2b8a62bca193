"""Steering: jobs that wait get another moment or priority; many are cancelled by a filter."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from runtime.errors import NotAllowed
from runtime.model.records import JobRecord, Status
from runtime.store import aftermath, jobs
from runtime.store.composition import Ended
from runtime.store.conflicts import WAITING, move, status_when_due
from runtime.store.subjects import CONTROL, DUE, FINISHED
from runtime.store.transaction import StoreTransaction


class Filter(NamedTuple):
    """Which unfinished jobs are meant; what is None does not matter."""

    type: str | None = None
    status: Status | None = None
    priority: int | None = None
    created_before: float | None = None


class _Held(NamedTuple):
    id: int
    type: str
    status: Status


def reschedule(tx: StoreTransaction, job_id: int, scheduled_at: float) -> JobRecord:
    """Make a job that waits due at another moment.

    Raises:
        NotFound: no such job.
        NotAllowed: it runs or has ended.
    """
    record = _waiting(tx, job_id, "rescheduled")
    status = status_when_due(tx, record, scheduled_at)
    tx.change("reschedule_job", id=job_id, scheduled_at=scheduled_at, status=status.value, now=tx.now)
    move(tx, record, status)
    return jobs.find(tx, job_id)


def prioritize(tx: StoreTransaction, job_id: int, priority: int) -> JobRecord:
    """Give a job that waits another priority.

    Raises:
        NotFound: no such job.
        NotAllowed: it runs or has ended.
    """
    record = _waiting(tx, job_id, "given another priority")
    tx.change("prioritize_job", id=job_id, priority=priority, now=tx.now)
    if record.status is Status.BLOCKED:
        return reschedule(tx, job_id, record.scheduled_at)
    if record.status is Status.PENDING:
        tx.announce(DUE)
    return jobs.find(tx, job_id)


def unfinished(tx: StoreTransaction, which: Filter, after: int, most: int) -> list[int]:
    """The ids of some unfinished jobs that fit, in order, from behind `after`."""
    status = None if which.status is None else which.status.value
    return tx.all(
        "unfinished_jobs",
        int,
        type=which.type,
        status=status,
        priority=which.priority,
        created_before=which.created_before,
        after=after,
        most=most,
    )


def cancel_these(tx: StoreTransaction, job_ids: Sequence[int], status: Status | None) -> int:
    """Cancel those that wait, ask the workers of those that run to; return how many.

    Args:
        status: only those that are in it still; None: whatever they are, unless they have ended.
    """
    held = tx.all("hold_unfinished", _held, ids=json.dumps(list(job_ids)))
    wanted = [job for job in held if status is None or job.status is status]
    running = [job.id for job in wanted if job.status is Status.PROCESSING]
    waiting = [job for job in wanted if job.status is not Status.PROCESSING]
    if running:
        tx.change("request_cancels", ids=json.dumps(running), now=tx.now)
        tx.announce(CONTROL)
    if waiting:
        tx.change("cancel_waiting_jobs", ids=json.dumps([job.id for job in waiting]), now=tx.now)
        for (job_type, was), number in Counter((job.type, job.status) for job in waiting).items():
            tx.count(job_type, was, -number)
            tx.count(job_type, Status.CANCELLED, number)
            tx.note(job_type, "cancelled", number)
        tx.announce(FINISHED)
        aftermath.ended(tx, [Ended(job.id, job.type, Status.CANCELLED) for job in waiting])
    return len(wanted)


def _waiting(tx: StoreTransaction, job_id: int, what: str) -> JobRecord:
    record = jobs.find(tx, job_id)
    if record.status not in WAITING:
        raise NotAllowed(f"a job that is {record.status} cannot be {what}: only one that waits")
    return record


def _held(job_id: int, job_type: str, status: str) -> _Held:
    return _Held(job_id, job_type, Status(status))
