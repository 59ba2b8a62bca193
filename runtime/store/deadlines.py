"""Deadlines: jobs that must start, or be done, by a moment; those that miss it while they wait are cancelled.

A table beside the jobs, so that a job without a deadline pays nothing: what `next_at` says
is when somebody has to look, so nobody ever walks over jobs that still have time.
"""

import json
from collections.abc import Sequence

from runtime.model.deadlines import Due, judge, next_look
from runtime.model.records import NewJob, Status
from runtime.store import aftermath
from runtime.store.composition import Ended
from runtime.store.subjects import DEADLINE, FINISHED
from runtime.store.transaction import StoreTransaction

NONE = Due(0, "", Status.PENDING, started=False, start_by=None, end_by=None)
"""Of a job without a deadline."""


def note(tx: StoreTransaction, new: Sequence[tuple[int, NewJob]]) -> None:
    """Store the deadlines of new jobs, or the new deadlines of jobs that wait."""
    rows = [
        (job_id, job.start_by, job.end_by, next_at)
        for job_id, job in new
        if (next_at := next_look(job.start_by, job.end_by)) is not None
    ]
    if rows:
        for job_id, start_by, end_by, next_at in rows:
            tx.change("store_deadline", job_id=job_id, start_by=start_by, end_by=end_by, next_at=next_at)
        tx.announce(DEADLINE)


def lift(tx: StoreTransaction, job_id: int) -> None:
    """Let a job have as long as it takes."""
    tx.change("delete_deadline", job_id=job_id)


def of(tx: StoreTransaction, job_id: int) -> Due:
    """The deadline of a job; one without moments if it has none."""
    return tx.one("deadlines_of", _due, ids=json.dumps([job_id])) or NONE


def next_moment(tx: StoreTransaction) -> float | None:
    """When the next job has to be looked at."""
    return tx.one("next_deadline", float)


def claimed(tx: StoreTransaction, job_ids: Sequence[int]) -> dict[int, float | None]:
    """Until when these jobs must be done, of those with a deadline; 0: it has to be looked at first."""
    return dict(tx.all("claimed_deadlines", _moment, ids=json.dumps(job_ids), now=tx.now))


def expire(tx: StoreTransaction, most: int) -> int:
    """Cancel waiting jobs whose time is up, the earliest first; return how many were looked at."""
    due = tx.all("due_deadlines", _due, now=tx.now, most=most)
    _settle(tx, due)
    return len(due)


def expire_these(tx: StoreTransaction, job_ids: Sequence[int]) -> None:
    """The same with certain jobs, which this transaction holds."""
    _settle(tx, tx.all("deadlines_of", _due, ids=json.dumps(list(job_ids))))


def _settle(tx: StoreTransaction, due: Sequence[Due]) -> None:
    verdicts = [(each, judge(each, tx.now)) for each in due]
    over = [(each, verdict.reason) for each, verdict in verdicts if verdict.reason is not None]
    later = [(verdict.next_at, each.job_id) for each, verdict in verdicts if verdict.next_at is not None]
    done = [(each.job_id,) for each, verdict in verdicts if verdict.next_at is None]
    if over:
        tx.many("expire_job", [(tx.now, reason, each.job_id) for each, reason in over])
        for each, _ in over:
            tx.count(each.type, each.status, -1)
            tx.count(each.type, Status.CANCELLED)
            tx.note(each.type, "cancelled")
        tx.announce(FINISHED)
        aftermath.ended(tx, [Ended(each.job_id, each.type, Status.CANCELLED) for each, _ in over])
    tx.many("look_again", later)
    tx.many("delete_deadline", done)


def _moment(job_id: int, end_by: float | None) -> tuple[int, float | None]:
    return job_id, end_by


def _due(
    job_id: int, job_type: str, status: str, started: int, start_by: float | None, end_by: float | None
) -> Due:
    return Due(job_id, job_type, Status(status), bool(started), start_by, end_by)
