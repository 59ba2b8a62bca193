"""Why a job is not running now, in words; and a job with all there is to say of it."""

from datetime import UTC, datetime

from runtime.model.detail import JobDetail
from runtime.model.lanes import OF_TYPE, Bounds, Lane
from runtime.model.records import JobRecord, Status
from runtime.store import (
    composition,
    control,
    deadlines,
    jobs,
    lanes,
    limits,
    parking,
    progress,
    results,
    type_limits,
    types,
    workflows,
)
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
        name = parking.lane_of(tx, job.id)
        lane = None if name is None else lanes.find(tx, *name)
        return composition.wait_reason(tx, job.id) if lane is None else _parked_reason(tx, lane)
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
    concurrency = type_limits.in_force(tx).get(job.type, type_limits.NOTHING).concurrency
    if concurrency is not None:
        lane = lanes.find(tx, job.type, OF_TYPE)
        if lane is not None and not lane.room(Bounds(concurrency=concurrency), tx.now, 1):
            return f"concurrency: {lane.running} of {concurrency} run"
    if job.type not in served:
        return f"no running worker knows the type {job.type}"
    return "due: waits for a free runner"


def _parked_reason(tx: StoreTransaction, lane: Lane) -> str:
    bounds = type_limits.in_force(tx).get(lane.type, type_limits.NOTHING).of_key or Bounds()
    if bounds.concurrency is not None and lane.running >= bounds.concurrency:
        return f"concurrency of key {lane.key}: {lane.running} of {bounds.concurrency} run"
    if bounds.rate is not None and not lane.room(bounds, tx.now, 1):
        ready_at = _moment(lane.bucket.ready_at(bounds.rate, tx.now))
        return f"rate limit of key {lane.key} ({bounds.rate}): the next token at {ready_at}"
    return f"key {lane.key}: is about to be let go"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
