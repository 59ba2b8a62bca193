"""What an operator does to jobs and types."""

from runtime.errors import NotAllowed
from runtime.model.lifecycle import CancelAction, cancel_when, check_retry
from runtime.model.records import JobRecord, Status
from runtime.store import aftermath, composition, deadlines, jobs, parking, workflows
from runtime.store.composition import Ended
from runtime.store.subjects import CONTROL, DUE, FINISHED
from runtime.store.transaction import StoreTransaction


def cancel(tx: StoreTransaction, job_id: int) -> JobRecord:
    """Cancel a waiting job at once; ask the worker of a running one to.

    Raises:
        NotFound: no such job.
        NotAllowed: it is finished.
    """
    record = jobs.find(tx, job_id)
    if cancel_when(record.status) is CancelAction.REQUEST:
        tx.change("request_cancel", id=job_id, now=tx.now)
        tx.announce(CONTROL)
    else:
        tx.change("cancel_waiting_job", id=job_id, now=tx.now)
        _moved(tx, record, Status.CANCELLED)
        tx.note(record.type, "cancelled")
        tx.announce(FINISHED)
        aftermath.ended(tx, [Ended(record.id, record.type, Status.CANCELLED)])
    return jobs.find(tx, job_id)


def retry(tx: StoreTransaction, job_id: int, budget: int) -> JobRecord:
    """Begin a finished job anew with `budget` attempts, or make a scheduled one due now.

    It waits again for the jobs that it depends on and that have not ended as it wants them; what
    was cancelled for its failure waits for it again.

    Raises:
        NotFound: no such job.
        NotAllowed: it is waiting, running or completed, or its key is taken by another job.
    """
    record = jobs.find(tx, job_id)
    check_retry(record.status)
    status = Status.PENDING
    if record.status is Status.SCHEDULED:
        tx.change("hasten_job", id=job_id, now=tx.now)
    else:
        _take_key_back(tx, record)
        tx.change("restart_job", id=job_id, budget=budget, now=tx.now)
        deadlines.lift(tx, job_id)  # whoever begins it anew wants it done all the same
        tx.change("delete_dead_letter", job_id=job_id)
        parking.leave(tx, job_id)
        workflows.count_anew(tx, [job_id], record.status)
        if composition.still_waits(tx, job_id):
            composition.block(tx, job_id)
            status = Status.BLOCKED
        workflows.count_anew(tx, composition.revive(tx, job_id), Status.CANCELLED)
    _moved(tx, record, status)
    tx.announce(DUE)
    return jobs.find(tx, job_id)


def pause(tx: StoreTransaction, job_type: str) -> None:
    """Start no more jobs of this type; what runs goes on."""
    tx.change("pause_type", type=job_type, now=tx.now)
    tx.announce(CONTROL)


def resume(tx: StoreTransaction, job_type: str) -> None:
    """Let jobs of this type start again."""
    tx.change("resume_type", type=job_type)
    tx.announce(DUE)
    tx.announce(CONTROL)


def paused(tx: StoreTransaction) -> frozenset[str]:
    """The types that may not start."""
    return frozenset(tx.all("list_paused_types", str))


def _moved(tx: StoreTransaction, record: JobRecord, status: Status) -> None:
    tx.count(record.type, record.status, -1)
    tx.count(record.type, status)


def _take_key_back(tx: StoreTransaction, record: JobRecord) -> None:
    if record.key is None:
        return
    holder = tx.one("find_key", int, type=record.type, key=record.key, now=tx.now)
    if holder == record.id:
        return
    if holder is not None:
        raise NotAllowed(f"job {record.id} cannot run again: job {holder} holds its key {record.key!r}")
    tx.change("take_key", type=record.type, key=record.key, job_id=record.id, expires_at=None)
