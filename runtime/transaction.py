"""JobTransaction: what a transaction function of an application is given."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from runtime.errors import FieldError, InvalidInput
from runtime.job import Job, policy_of
from runtime.model.records import JobRecord, NewJob
from runtime.store import jobs
from runtime.store.transaction import StoreTransaction

LONGEST_DELAY = 10 * 366 * 86_400.0
LONGEST_KEY = 255
END_OF_TIME = 32_503_680_000.0
"""The year 3000."""


class EnqueueOptions(TypedDict, total=False):
    """What an enqueue may say about its job."""

    delay: float
    """Seconds until it is due."""
    at: float | None
    """The moment when it is due, in seconds since 1970 UTC; instead of `delay`."""
    priority: int | None
    """From 0 to 100; by default the model's."""
    key: str | None
    """Makes it unique among the jobs of its type while it is unfinished."""
    unique_for: float | None
    """Keep the key taken for so many seconds instead, finished or not."""
    max_attempts: int | None
    """By default the model's."""


class JobTransaction(StoreTransaction):
    """A transaction that can enqueue: the jobs exist exactly if it commits."""

    __slots__ = ()

    def enqueue(self, job: Job, /, **options: Unpack[EnqueueOptions]) -> JobRecord:
        """Store a job.

        Returns:
            The stored job; where its key was taken, the job that holds it, `duplicate` set.

        Raises:
            InvalidInput: an option out of range.
            InvalidPayload: the payload cannot be stored.
        """
        return jobs.insert(self, new_job(job, self.now, **options))

    def enqueue_many(
        self, batch: Sequence[Job], /, *, delay: float = 0, priority: int | None = None
    ) -> list[int]:
        """Store jobs together; return their ids in order.

        Raises:
            InvalidInput, InvalidPayload: as `enqueue`; then none is stored.
        """
        return jobs.insert_many(
            self, [new_job(job, self.now, delay=delay, priority=priority) for job in batch]
        )


def new_job(job: Job, now: float, **options: Unpack[EnqueueOptions]) -> NewJob:
    """A job as it will be stored, its model's policy filling in what the options leave open.

    Raises:
        InvalidInput: an option out of range.
        InvalidPayload: the payload cannot be stored.
        ConfigurationError: its class names no type.
    """
    policy = policy_of(type(job))
    if not options:
        return NewJob(policy.type, job.payload(), policy.priority, policy.max_attempts, now, now)
    _check_options(options)
    priority, at = options.get("priority"), options.get("at")
    return NewJob(
        type=policy.type,
        payload=job.payload(),
        priority=policy.priority if priority is None else priority,
        max_attempts=options.get("max_attempts") or policy.max_attempts,
        scheduled_at=now + options.get("delay", 0.0) if at is None else at,
        created_at=now,
        key=options.get("key"),
        unique_for=options.get("unique_for"),
    )


def _check_options(options: EnqueueOptions) -> None:
    delay, at, priority = options.get("delay", 0.0), options.get("at"), options.get("priority")
    key, unique_for, attempts = options.get("key"), options.get("unique_for"), options.get("max_attempts")
    _check("delaySeconds", 0 <= delay <= LONGEST_DELAY, "must be from 0 to ten years")
    _check("at", at is None or 0 <= at < END_OF_TIME, "must be a moment before the year 3000")
    _check("priority", priority is None or 0 <= priority <= 100, "must be from 0 to 100")
    _check("key", key is None or _good_key(key), "must be 1 to 255 printable characters")
    _check("uniqueFor", unique_for is None or 0 < unique_for <= LONGEST_DELAY, "must be above 0")
    _check("uniqueFor", unique_for is None or key is not None, "needs a key")
    _check("maxAttempts", attempts is None or 1 <= attempts <= 1000, "must be from 1 to 1000")


def _good_key(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and key.isprintable()


def _check(field: str, good: bool, message: str) -> None:
    if not good:
        raise InvalidInput(f"{field} {message}", [FieldError(field, message)])
