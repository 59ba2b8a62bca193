"""Row to record: the only place that knows the columns and their types.

Each function takes the columns in the order in which its queries select them.
"""

from runtime.model.records import AttemptRecord, ClaimedJob, DeadLetter, JobRecord, Status


def job_record(
    id: int,  # noqa: A002 - the column's name
    type: str,  # noqa: A002
    payload: str,
    status: str,
    priority: int,
    attempts: int,
    max_attempts: int,
    crashes: int,
    claims: int,
    last_error: str | None,
    key: str | None,
    scheduled_at: float,
    created_at: float,
    updated_at: float,
    completed_at: float | None,
    locked_by: str | None,
    locked_at: float | None,
    cancel_requested: int,
) -> JobRecord:
    """A row of `jobs`, whole."""
    return JobRecord(
        id=id,
        type=type,
        payload=payload,
        status=Status(status),
        priority=priority,
        attempts=attempts,
        max_attempts=max_attempts,
        crashes=crashes,
        claims=claims,
        last_error=last_error,
        key=key,
        scheduled_at=scheduled_at,
        created_at=created_at,
        updated_at=updated_at,
        completed_at=completed_at,
        locked_by=locked_by,
        locked_at=locked_at,
        cancel_requested=bool(cancel_requested),
    )


def held_job(
    id: int,  # noqa: A002 - the column's name
    type: str,  # noqa: A002
    payload: str,
    attempts: int,
    max_attempts: int,
    crashes: int,
    claims: int,
    locked_at: float,
) -> ClaimedJob:
    """A running job, as its worker knows it."""
    return ClaimedJob(
        id=id,
        type=type,
        payload=payload,
        attempts=attempts,
        max_attempts=max_attempts,
        crashes=crashes,
        claims=claims,
        locked_at=locked_at,
    )


def attempt_record(
    attempt: int, outcome: str, error: str | None, worker: str, started_at: float, ended_at: float
) -> AttemptRecord:
    """A row of `job_attempts`."""
    return AttemptRecord(
        attempt=attempt, outcome=outcome, error=error, worker=worker, started_at=started_at, ended_at=ended_at
    )


def dead_letter(
    id: int,  # noqa: A002 - the column's name
    job_id: int,
    type: str,  # noqa: A002
    payload: str,
    attempts: int,
    error: str,
    failed_at: float,
    reviewed: int,
) -> DeadLetter:
    """A row of `dead_letter_jobs`."""
    return DeadLetter(
        id=id,
        job_id=job_id,
        type=type,
        payload=payload,
        attempts=attempts,
        error=error,
        failed_at=failed_at,
        reviewed=bool(reviewed),
    )
