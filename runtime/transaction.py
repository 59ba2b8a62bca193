"""JobTransaction: what a transaction function of an application is given."""

from collections.abc import Sequence

from runtime.errors import ConfigurationError, FieldError, InvalidInput
from runtime.job import Job
from runtime.model.records import JobRecord, NewJob
from runtime.store import jobs
from runtime.store.transaction import StoreTransaction

LONGEST_DELAY = 10 * 366 * 86_400.0
LONGEST_KEY = 255


class JobTransaction(StoreTransaction):
    """A transaction that can enqueue: the jobs exist exactly if it commits."""

    __slots__ = ()

    def enqueue(
        self,
        job: Job,
        /,
        *,
        delay: float = 0,
        at: float | None = None,
        priority: int | None = None,
        key: str | None = None,
        unique_for: float | None = None,
        max_attempts: int | None = None,
    ) -> JobRecord:
        """Store a job.

        Args:
            job: its payload.
            delay: seconds until it is due.
            at: the moment when it is due, in seconds since 1970 UTC; instead of `delay`.
            priority: from 0 to 100; by default the model's.
            key: makes it unique among the jobs of its type while it is unfinished.
            unique_for: keep the key taken for so many seconds instead, finished or not.
            max_attempts: by default the model's.

        Returns:
            The stored job; where the key was taken, the job that holds it, `duplicate` set.

        Raises:
            InvalidInput: an option out of range.
            InvalidPayload: the payload cannot be stored.
        """
        options = _Options(delay, at, priority, key, unique_for, max_attempts)
        return jobs.insert(self, new_job(job, self.now, options))

    def enqueue_many(
        self, batch: Sequence[Job], /, *, delay: float = 0, priority: int | None = None
    ) -> list[int]:
        """Store jobs together; return their ids in order."""
        options = _Options(delay, None, priority, None, None, None)
        return jobs.insert_many(self, [new_job(job, self.now, options) for job in batch])


class _Options:
    """The options of an enqueue, checked."""

    __slots__ = ("at", "delay", "key", "max_attempts", "priority", "unique_for")

    def __init__(
        self,
        delay: float,
        at: float | None,
        priority: int | None,
        key: str | None,
        unique_for: float | None,
        max_attempts: int | None,
    ) -> None:
        _check("delaySeconds", 0 <= delay <= LONGEST_DELAY, "must be from 0 to ten years")
        _check("at", at is None or 0 <= at < 32_503_680_000, "must be a moment before the year 3000")
        _check("priority", priority is None or 0 <= priority <= 100, "must be from 0 to 100")
        _check("key", key is None or _good_key(key), "must be 1 to 255 printable characters")
        _check("uniqueFor", unique_for is None or 0 < unique_for <= LONGEST_DELAY, "must be above 0")
        _check("uniqueFor", unique_for is None or key is not None, "needs a key")
        _check("maxAttempts", max_attempts is None or 1 <= max_attempts <= 1000, "must be from 1 to 1000")
        self.delay = delay
        self.at = at
        self.priority = priority
        self.key = key
        self.unique_for = unique_for
        self.max_attempts = max_attempts


def new_job(job: Job, now: float, options: _Options | None = None) -> NewJob:
    """A job as it will be stored, its model's policy filling in what the options leave open.

    Raises:
        InvalidPayload: the payload cannot be stored.
        ConfigurationError: its class names no type.
    """
    options = options or _Options(0, None, None, None, None, None)
    policy = getattr(type(job), "policy", None)
    if policy is None:
        raise ConfigurationError(
            f"{type(job).__name__} names no type: class {type(job).__name__}(Job, type=…)"
        )
    return NewJob(
        type=policy.type,
        payload=job.payload(),
        priority=policy.priority if options.priority is None else options.priority,
        max_attempts=options.max_attempts or policy.max_attempts,
        scheduled_at=now + options.delay if options.at is None else options.at,
        created_at=now,
        key=options.key,
        unique_for=options.unique_for,
    )


def _good_key(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and key.isprintable()


def _check(field: str, good: bool, message: str) -> None:
    if not good:
        raise InvalidInput(f"{field} {message}", [FieldError(field, message)])
