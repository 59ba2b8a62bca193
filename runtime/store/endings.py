"""Endings: the one guarded write by which every attempt leaves, whatever ended it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runtime.db.base import Question, Value, brief
from runtime.model.lifecycle import Transition, settle
from runtime.model.notes import Notes
from runtime.model.outcomes import Completed, Crashed
from runtime.model.records import ClaimedJob, Status
from runtime.model.retry import Retry
from runtime.store import aftermath, composition, lanes, progress, results, workers
from runtime.store.composition import Ended
from runtime.store.rows import held_job
from runtime.store.subjects import DUE, FINISHED, SCHEDULED
from runtime.store.transaction import StoreTransaction


class Ending(NamedTuple):
    """What is to become of a claimed job."""

    job: ClaimedJob
    transition: Transition


def finish(tx: StoreTransaction, worker: str, ending: Ending) -> bool:
    """End an attempt; False when this worker no longer owns the job: then nothing is written."""
    job, change = ending.job, ending.transition
    written = tx.one(
        "finish_job",
        Status,
        id=job.id,
        worker=worker,
        claims=job.claims,
        now=tx.now,
        status=change.status.value,
        attempts=change.attempts,
        crashes=change.crashes,
        completed_at=change.completed_at,
        last_error=change.last_error,
        scheduled_at=change.scheduled_at,
    )
    if written is None:
        return False
    tx.count(job.type, Status.PROCESSING, -1)
    tx.count(job.type, written)
    tx.note(job.type, change.outcome)
    if written is not Status.COMPLETED:
        _record_attempt(tx, worker, ending)
    if change.dead:
        _bury(tx, ending)
    tx.announce(_SUBJECTS.get(written, FINISHED))
    lanes.freed(tx, [job])
    if written.finished and _is_awaited(tx):
        aftermath.ended(tx, [Ended(job.id, job.type, written)])
    return True


@brief
def finish_many(
    tx: StoreTransaction,
    worker: str,
    endings: Sequence[Ending],
    *,
    returned: Mapping[ClaimedJob, str] | None = None,
    notes: Sequence[Notes] = (),
) -> list[ClaimedJob]:
    """End attempts together; return the jobs that this worker no longer owned.

    Args:
        returned: what the handlers of some that completed returned, as JSON text.
        notes: what some of the attempts said and nobody has written down yet.
    """
    if notes:
        progress.write(tx, notes)
    completed = [ending for ending in endings if ending.transition.status is Status.COMPLETED]
    refused = _complete(tx, worker, completed)
    if len(completed) < len(endings):
        others = (ending for ending in endings if ending.transition.status is not Status.COMPLETED)
        refused += [ending.job for ending in others if not finish(tx, worker, ending)]
    if returned:
        stale = set(refused)
        results.store(tx, {job.id: text for job, text in returned.items() if job not in stale})
    return refused


def _complete(tx: StoreTransaction, worker: str, endings: Sequence[Ending]) -> list[ClaimedJob]:
    """`finish` for those that completed, which are most of all endings."""
    if not endings:
        return []
    refused = _save_completed(tx, worker, endings)
    owned = Counter(job.type for job, _ in endings)
    owned.subtract(job.type for job in refused)
    for job_type, number in owned.items():
        tx.count(job_type, Status.PROCESSING, -number)
        tx.count(job_type, Status.COMPLETED, number)
        tx.note(job_type, Completed.name, number)
    tx.announce(FINISHED)
    # By claim, not by id: a job that was taken from this worker and came back to it ends twice here.
    stale = set(refused)
    written = [job for job, _ in endings if job not in stale]
    if lanes.in_use(tx):
        lanes.freed(tx, written)
    if _is_awaited(tx):
        aftermath.ended(tx, [Ended(job.id, job.type, Status.COMPLETED) for job in written])
    return refused


def _save_completed(tx: StoreTransaction, worker: str, endings: Sequence[Ending]) -> list[ClaimedJob]:
    """One statement for many; return the jobs that this worker no longer owned.

    Nearly all are the first claim and the first attempt of their jobs; a statement each for the others.
    """
    alike: dict[tuple[int, int], list[ClaimedJob]] = {}
    for job, transition in endings:
        alike.setdefault((job.claims, transition.attempts), []).append(job)
    saves = [
        _save(jobs, worker=worker, claims=claims, attempts=attempts, now=tx.now)
        for (claims, attempts), jobs in alike.items()
    ]
    # In this order: whoever begins to wait for one of them sees that it has ended, or is seen.
    tx.foresee(*saves, *_CONSEQUENCES)
    saved = [tx.run(name, **save) for name, save in saves]
    return [
        job
        for jobs, number in zip(alike.values(), saved, strict=True)
        if number < len(jobs)
        for job in jobs
        if not _completed_by(tx, worker, job)
    ]


def _save(jobs: Sequence[ClaimedJob], **values: Value) -> Question:
    """Which statement completes these. One finds no list of one: that alone takes as long as all the rest."""
    if len(jobs) == 1:
        return "complete_job", {"id": jobs[0].id, **values}
    return "complete_jobs", {"ids": json.dumps([job.id for job in jobs]), **values}


_CONSEQUENCES: Sequence[Question] = (("lanes_in_use", {}), ("composition_in_use", {}))
"""What is asked next: of `lanes.in_use` and `composition.in_use`."""


def _is_awaited(tx: StoreTransaction) -> bool:
    """Whether anything can follow from the end of a job: then rows that several wait for are next."""
    if not composition.in_use(tx):
        return False
    lanes.enter_if_limited(tx)
    return True


def _completed_by(tx: StoreTransaction, worker: str, job: ClaimedJob) -> bool:
    found = tx.one("is_completed_by", bool, id=job.id, worker=worker, claims=job.claims, now=tx.now)
    return found is not None


def rescue(tx: StoreTransaction, worker: str, reason: str, beat: float | None) -> int | None:
    """Give back what a dead worker held, and forget the worker; return how many jobs.

    Args:
        beat: its last sign of life as seen by whoever found it dead; None: it had no row.
            If that is not the last any more, it lives: nothing is done, and None returned.
    """
    if workers.hold_suspect(tx, worker) != beat:
        return None
    held = tx.all("jobs_of_worker", held_job, worker=worker)
    for job in held:
        # Crashed needs no delay, so neither a policy of retrying nor chance comes into it.
        crashed = Crashed(reason, alone=len(held) == 1)
        finish(tx, worker, Ending(job, settle(job, crashed, tx.now, Retry(), 0.0)))
    tx.change("remove_worker", id=worker)
    return len(held)


_SUBJECTS = {Status.PENDING: DUE, Status.SCHEDULED: SCHEDULED}


def _record_attempt(tx: StoreTransaction, worker: str, ending: Ending) -> None:
    tx.change(
        "insert_attempt",
        job_id=ending.job.id,
        claim=ending.job.claims,
        attempt=ending.transition.attempt,
        outcome=ending.transition.outcome,
        error=ending.transition.error,
        worker=worker,
        started_at=ending.job.locked_at,
        now=tx.now,
    )


def _bury(tx: StoreTransaction, ending: Ending) -> None:
    tx.change(
        "insert_dead_letter",
        job_id=ending.job.id,
        type=ending.job.type,
        payload=ending.job.payload,
        attempts=ending.transition.attempts,
        error=ending.transition.last_error or "unknown",
        now=tx.now,
    )
