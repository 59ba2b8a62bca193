"""Jobs: stored, looked up, listed."""

import json
from collections.abc import Iterator, Sequence

from runtime.db.base import Value
from runtime.errors import NotFound
from runtime.model.composition import Edge, Plan, WorkflowRecord
from runtime.model.records import AttemptRecord, JobRecord, NewJob, NewJobs, OnFailure, Page, Status
from runtime.store import aftermath, composition, conflicts, deadlines, statistics, workflows
from runtime.store.composition import Ended, Wait
from runtime.store.rows import attempt_record, job_record
from runtime.store.subjects import DUE, SCHEDULED
from runtime.store.transaction import StoreTransaction

NEWEST = 2**62
"""A cursor in front of every id."""
FEW = 16
"""Jobs in a row that are not worth a statement of their own."""
FEW_TO_SORT = 10_000
"""Jobs in a status that are sorted rather than looked for among all others."""
_INDEXED = frozenset({Status.SCHEDULED, Status.PROCESSING})
"""Statuses with an index in another order than that of a list."""
AT_ONCE = 1000
"""Jobs a statement, in bulk: with the largest payloads 64 MB of text."""


def insert(tx: StoreTransaction, new: NewJob) -> JobRecord:
    """Store a job; where its key is taken, return the job that holds it, marked `duplicate`."""
    if new.key is not None:
        holder = tx.one("find_key", int, type=new.type, key=new.key, now=tx.now)
        if holder is not None:
            return conflicts.settle(tx, find(tx, holder), new)._replace(duplicate=True)
    wait = composition.look_at_parents(tx, new.parents, new.on_failure) if new.parents else None
    if wait is not None and new.awaited and tx.within is not None:
        composition.refuse_circle(tx, tx.within, new.parents)
    (job_id,) = tx.reserve_ids(1)
    status = _first_status(tx, new, wait)
    tx.insert_later(_row(job_id, new, status))
    _announce(tx, new.type, status, 1)
    if new.key is not None:
        expires_at = None if new.unique_for is None else tx.now + new.unique_for
        tx.change("take_key", type=new.type, key=new.key, job_id=job_id, expires_at=expires_at)
    if new.start_by is not None or new.end_by is not None:
        deadlines.note(tx, [(job_id, new)])
    if wait is not None:
        composition.depend(tx, [(job_id, wait, new.on_failure)])
    if tx.within is not None:
        _join(tx, [job_id], [job_id] if new.awaited else [])
    if wait is not None and wait.failed_parent is not None:
        composition.cancel_at_once(tx, job_id, new.type, wait.failed_parent)
        aftermath.ended(tx, [Ended(job_id, new.type, Status.CANCELLED)])
        return find(tx, job_id)
    return _record(job_id, new, status)


def insert_many(tx: StoreTransaction, runs: Sequence[NewJobs]) -> list[int]:
    """Store jobs without keys; return their ids in order."""
    ids = tx.reserve_ids(sum(len(run.payloads) for run in runs))
    stored = 0
    for run in runs:
        status = _first_status(tx, run)
        own = ids[stored : stored + len(run.payloads)]
        stored += len(own)
        if len(own) < FEW:
            tx.insert_later(*_rows(own, run, status))
        else:
            _insert_alike(tx, own, run, status)
        _announce(tx, run.type, status, len(own))
    if tx.within is not None:
        _join(tx, ids, [])
    return list(ids)


def insert_plan(tx: StoreTransaction, plan: Plan, name: str) -> WorkflowRecord:
    """Store jobs that wait for each other; they join the workflow of the running job, or make one."""
    ids = tx.reserve_ids(len(plan.jobs))
    waits: list[tuple[int, Wait, OnFailure]] = []
    for job_id, new, parents in zip(ids, plan.jobs, plan.parents, strict=True):
        wait = Wait(dict.fromkeys((ids[parent] for parent in parents), Edge.OPEN), None) if parents else None
        status = _first_status(tx, new, wait)
        tx.insert_later(_row(job_id, new, status))
        _announce(tx, new.type, status, 1)
        if wait is not None:
            waits.append((job_id, wait, new.on_failure))
    composition.depend(tx, waits)
    deadlines.note(
        tx, [pair for pair in zip(ids, plan.jobs, strict=True) if pair[1].start_by or pair[1].end_by]
    )
    joined = _join(tx, ids, [ids[end] for end in plan.ends] if plan.awaited else [])
    return workflows.create(tx, name, ids) if joined is None else workflows.find(tx, joined)


def find(tx: StoreTransaction, job_id: int) -> JobRecord:
    """The job of that id.

    Raises:
        NotFound: there is none.
    """
    record = tx.one("find_job", job_record, id=job_id)
    if record is None:
        raise NotFound(f"there is no job {job_id}")
    return record


def history(tx: StoreTransaction, record: JobRecord) -> tuple[AttemptRecord, ...]:
    """All runs of a job, oldest first; the one that completed it, or goes on, is read off the job itself."""
    runs = tx.all("list_attempts", attempt_record, job_id=record.id)
    if record.status in {Status.COMPLETED, Status.PROCESSING} and record.locked_at is not None:
        running = record.status is Status.PROCESSING
        runs.append(
            AttemptRecord(
                attempt=record.attempts + running,
                outcome="running" if running else "completed",
                error=None,
                worker=record.locked_by or "",
                started_at=record.locked_at,
                ended_at=record.completed_at,
            )
        )
    return tuple(runs)


def page(
    tx: StoreTransaction, *, status: Status | None, job_type: str | None, limit: int, cursor: int | None
) -> Page[JobRecord]:
    """Jobs, newest first, from behind `cursor`."""
    before, most = NEWEST if cursor is None else cursor, limit + 1
    few = "few_" if status in _INDEXED and _number_in(tx, status) <= FEW_TO_SORT else ""
    if status and job_type:
        name = f"list_{few}jobs_by_status_and_type"
        found = tx.all(name, job_record, status=str(status), type=job_type, before=before, most=most)
    elif status:
        found = tx.all(f"list_{few}jobs_by_status", job_record, status=str(status), before=before, most=most)
    elif job_type:
        found = tx.all("list_jobs_by_type", job_record, type=job_type, before=before, most=most)
    else:
        found = tx.all("list_jobs", job_record, before=before, most=most)
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def _number_in(tx: StoreTransaction, status: Status) -> int:
    return sum(each.count for each in statistics.counts(tx) if each.status is status)


def _row(job_id: int, new: NewJob, status: str) -> tuple[Value, ...]:
    """In the order in which `insert_job` names its parameters."""
    return (
        job_id,
        new.type,
        new.payload,
        status,
        new.priority,
        new.max_attempts,
        new.key,
        new.scheduled_at,
        new.created_at,
    )


def _rows(ids: Sequence[int], new: NewJobs, status: str) -> Iterator[tuple[Value, ...]]:
    rest = (status, new.priority, new.max_attempts, None, new.scheduled_at, new.created_at)
    return ((job_id, new.type, payload, *rest) for job_id, payload in zip(ids, new.payloads, strict=True))


def _insert_alike(tx: StoreTransaction, ids: Sequence[int], new: NewJobs, status: str) -> None:
    """Many in a statement whose values are the payloads: rows of all columns would cost twice as much."""
    for start in range(0, len(ids), AT_ONCE):
        some, payloads = ids[start : start + AT_ONCE], new.payloads[start : start + AT_ONCE]
        tx.change(
            "insert_alike_jobs",
            first=some[0],
            ids=json.dumps(list(some)),
            payloads=json.dumps(payloads, ensure_ascii=False),
            type=new.type,
            status=status,
            priority=new.priority,
            max_attempts=new.max_attempts,
            scheduled_at=new.scheduled_at,
            created_at=new.created_at,
        )


def _announce(tx: StoreTransaction, job_type: str, status: Status, number: int) -> None:
    tx.count(job_type, status, number)
    tx.announce(DUE if status is Status.PENDING else SCHEDULED)


def _join(tx: StoreTransaction, ids: Sequence[int], awaited: Sequence[int]) -> int | None:
    """New jobs of a running one belong where it belongs; its dependants wait for those awaited, too."""
    if tx.within is None:
        return None
    for job_id in awaited:
        composition.extend(tx, tx.within, job_id)
    workflow_id = workflows.of(tx, tx.within)
    if workflow_id is not None:
        workflows.join(tx, workflow_id, ids)
    return workflow_id


def _first_status(tx: StoreTransaction, new: NewJob | NewJobs, wait: Wait | None = None) -> Status:
    if wait is not None and wait.open:
        return Status.BLOCKED
    return Status.PENDING if new.scheduled_at <= tx.now else Status.SCHEDULED


def _record(job_id: int, new: NewJob, status: Status) -> JobRecord:
    now = new.created_at
    return JobRecord(
        job_id, new.type, new.payload, status, new.priority, 0, new.max_attempts, 0, 0, None, new.key,
        new.scheduled_at, now, now, None, None, None,
    )  # fmt: skip
