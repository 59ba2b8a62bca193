"""What an enqueue does to the job that holds its key: nothing, or, while that waits, it gets the new."""

from runtime.model.records import JobRecord, NewJob, Status
from runtime.store import deadlines, parking
from runtime.store.subjects import DUE, SCHEDULED
from runtime.store.transaction import StoreTransaction

KEEP, REPLACE, DEBOUNCE = "keep", "replace", "debounce"
WAITING = frozenset({Status.SCHEDULED, Status.BLOCKED, Status.PENDING})


def settle(tx: StoreTransaction, holder: JobRecord, new: NewJob) -> JobRecord:
    """The holder as it is from now on.

    One that runs, or has ended, is as it was. One that waits for others goes on waiting for them.
    """
    if new.on_conflict == KEEP or holder.status not in WAITING:
        return holder
    status = status_when_due(tx, holder, new.scheduled_at)
    changed = holder._replace(
        payload=new.payload,
        # What is put off until it is quiet keeps the place it had; what is replaced gets the new one.
        priority=new.priority if new.on_conflict == REPLACE else holder.priority,
        max_attempts=holder.attempts + new.max_attempts,
        scheduled_at=new.scheduled_at,
        status=status,
        updated_at=tx.now,
    )
    tx.change(
        "replace_waiting_job",
        id=holder.id,
        payload=changed.payload,
        priority=changed.priority,
        max_attempts=new.max_attempts,
        scheduled_at=changed.scheduled_at,
        status=status.value,
        now=tx.now,
    )
    _renew(tx, holder, new)
    move(tx, holder, status)
    return changed


def status_when_due(tx: StoreTransaction, job: JobRecord, scheduled_at: float) -> Status:
    """The status of a job that waits and is changed; one that was parked for its key tries again."""
    if job.status is Status.BLOCKED and not parking.leave(tx, job.id):
        return Status.BLOCKED
    return Status.PENDING if scheduled_at <= tx.now else Status.SCHEDULED


def move(tx: StoreTransaction, job: JobRecord, status: Status) -> None:
    """Count a waiting job that was moved to another moment, and wake who waits for that."""
    tx.count(job.type, job.status, -1)
    tx.count(job.type, status)
    tx.announce(DUE if status is Status.PENDING else SCHEDULED)


def _renew(tx: StoreTransaction, holder: JobRecord, new: NewJob) -> None:
    """The key and the deadlines are as the later enqueue says."""
    expires_at = None if new.unique_for is None else tx.now + new.unique_for
    tx.change("take_key", type=new.type, key=new.key, job_id=holder.id, expires_at=expires_at)
    if new.start_by is None and new.end_by is None:
        deadlines.lift(tx, holder.id)
    else:
        deadlines.note(tx, [(holder.id, new)])
