"""JobControl: the part of `Queue` that steers jobs which are there, and reads what they returned."""

from typing import TypeVar, overload

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from runtime.clock import Clock
from runtime.db.base import Database
from runtime.enqueueing import END_OF_TIME, LONGEST_DELAY
from runtime.errors import FieldError, InvalidInput, NotAllowed
from runtime.job import invalid_payload
from runtime.model.records import JobRecord, Status
from runtime.store import jobs, results, steering
from runtime.store.steering import Filter
from runtime.transaction import JobTransaction

T = TypeVar("T")

MOST_AT_ONCE = 1000
"""Rows that one transaction touches where an operator's command may mean any number."""


class JobControl:
    """Steering of jobs, and their results."""

    def __init__(self, database: Database[JobTransaction], clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @overload
    async def result(self, job_id: int, /) -> JsonValue: ...
    @overload
    async def result(self, job_id: int, kind: type[T], /) -> T | None: ...
    async def result(self, job_id: int, kind: type[T] | None = None, /) -> T | JsonValue:
        """What a job's handler returned: as JSON, or read as `kind`, any type that pydantic can read.

        None where it returned None, or something that could not be kept; the job's log says so then.

        Raises:
            NotFound: no such job.
            NotAllowed: it has not completed.
            InvalidPayload: the result does not fit `kind`; the fields are named.
        """
        text = await self._database.read(_result, job_id)
        if text is None:
            return None
        if kind is None:
            value: JsonValue = from_json(text)
            return value
        from pydantic import TypeAdapter  # takes 15 ms to import, for this alone

        try:
            return TypeAdapter(kind).validate_json(text)
        except ValidationError as error:
            raise invalid_payload(error, f"the result of job {job_id}") from error

    async def cancel_many(
        self,
        *,
        type: str | None = None,  # noqa: A002 - the contract's word
        status: Status | None = None,
        priority: int | None = None,
        older_than: float | None = None,
        everything: bool = False,
    ) -> int:
        """Cancel all unfinished jobs that fit, as `cancel` does one; return how many.

        Args:
            older_than: enqueued more than so many seconds ago.
            everything: needed where nothing else says which.

        Raises:
            InvalidInput: nothing says which jobs are meant, or they cannot be.
        """
        which = _filter(type, status, priority, self._before(older_than))
        if which == Filter() and not everything:
            raise InvalidInput("say which jobs: by type, status, priority or age, or all of them")
        total = after = 0
        while True:
            # Looked for on a snapshot, so that a walk over many rows holds up nobody.
            found = await self._database.read(steering.unfinished, which, after, MOST_AT_ONCE)
            if found:
                total += await self._database.write(steering.cancel_these, found, which.status)
                after = found[-1]
            if len(found) < MOST_AT_ONCE:
                return total

    async def reschedule(
        self, job_id: int, /, *, at: float | None = None, delay: float | None = None
    ) -> JobRecord:
        """Make a job that waits due at another moment: in seconds since 1970 UTC, or from now.

        Raises:
            NotFound: no such job.
            NotAllowed: it runs or has ended.
            InvalidInput: neither or both are given, or out of range.
        """
        _check("at", (at is None) != (delay is None), "or delaySeconds must be given, and not both")
        _check("at", at is None or 0 <= at < END_OF_TIME, "must be a moment before the year 3000")
        _check("delaySeconds", delay is None or 0 <= delay <= LONGEST_DELAY, "must be from 0 to ten years")

        def change(tx: JobTransaction) -> JobRecord:
            return steering.reschedule(tx, job_id, tx.now + delay if delay is not None else at or 0.0)

        return await self._database.write(change)

    async def prioritize(self, job_id: int, priority: int, /) -> JobRecord:
        """Give a job that waits another priority, from 0 to 100.

        Raises:
            NotFound: no such job.
            NotAllowed: it runs or has ended.
            InvalidInput: the priority is out of range.
        """
        _check("priority", 0 <= priority <= 100, "must be from 0 to 100")
        return await self._database.write(steering.prioritize, job_id, priority)

    def _before(self, older_than: float | None) -> float | None:
        if older_than is None:
            return None
        _check("olderThanSeconds", 0 <= older_than <= LONGEST_DELAY, "must be from 0 to ten years")
        return self._clock.now() - older_than


def _filter(
    job_type: str | None, status: Status | None, priority: int | None, created_before: float | None
) -> Filter:
    _check("status", status is None or not status.finished, "must be one of jobs that have not ended")
    _check("priority", priority is None or 0 <= priority <= 100, "must be from 0 to 100")
    return Filter(job_type, status, priority, created_before)


def _result(tx: JobTransaction, job_id: int) -> str | None:
    record = jobs.find(tx, job_id)
    if record.status is not Status.COMPLETED:
        raise NotAllowed(f"job {job_id} is {record.status}: only a completed one has a result")
    return results.of(tx, [job_id]).get(job_id)


def _check(field: str, good: bool, message: str) -> None:
    if not good:
        raise InvalidInput(f"{field} {message}", [FieldError(field, message)])
