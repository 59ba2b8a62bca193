"""Why a job is not running now, in words; and a job with all there is to say of it."""

from datetime import UTC, datetime

from runtime.model.detail import JobDetail
from runtime.model.records import JobRecord, Status
from runtime.store import composition, control, deadlines, jobs, limits, progress, results, types, workflows
from runtime.store.transaction import StoreTransaction


def detail(tx: StoreTransaction, job_id: int, boot: str, monotonic: float) -> JobDetail:
    """A job with its history.

    Raises:
        NotFound: there is none.
    """
    record = jobs.find(tx, job_id)
    served = types.served(tx, boot, monotonic)
    reason = wait_reason(tx, record, served)
    deadline = deadlines.of(tx, job_id)
    return JobDetail(
        record=record,
        history=jobs.history(tx, record),
        wait_reason=reason,
        result=results.of(tx, [job_id]).get(job_id),
        progress=progress.progress_of(tx, job_id),
        logs=progress.log_of(tx, job_id),
        start_by=deadline.start_by,
        end_by=deadline.end_by,
        parents=tuple(composition.parents(tx, job_id)),
        children=tuple(composition.children(tx, job_id)),
        workflow_id=workflows.of(tx, job_id),
    )


def wait_reason(tx: StoreTransaction, job: JobRecord, served: frozenset[str]) -> str | None:
    """What a waiting job waits for, `served` being the types that living workers run.

    None when it runs or is finished.
    """
    if job.status is Status.SCHEDULED:
        cause = "retried after an error" if job.attempts else "scheduled"
        return f"{cause}: due at {_moment(job.scheduled_at)}"
    if job.status is Status.BLOCKED:
        return composition.wait_reason(tx, job.id)
    return _pending_reason(tx, job, served) if job.status is Status.PENDING else None


def _pending_reason(tx: StoreTransaction, job: JobRecord, served: frozenset[str]) -> str:
    if job.type in control.paused(tx):
        return f"the type {job.type} is paused"
    limit = limits.in_force(tx).get(job.type)
    if limit is not None and limit.rate is not None:
        bucket = limit.bucket.refilled(limit.rate, tx.now)
        if not bucket.whole():
            return (
                f"rate limit {limit.rate}: the next token at {_moment(bucket.ready_at(limit.rate, tx.now))}"
            )
    if job.type not in served:
        return f"no running worker knows the type {job.type}"
    return "due: waits for a free runner"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
