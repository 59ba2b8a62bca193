"""What an enqueue may say of its job, checked; and the job as it will be stored."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict, Unpack, get_args

from runtime.errors import FieldError, InvalidInput
from runtime.job import Job, policy_of
from runtime.model.records import ON_FAILURE, NewJob, NewJobs, OnFailure

LONGEST_DELAY = 10 * 366 * 86_400.0
LONGEST_KEY = 255
MOST_PARENTS = 100_000
END_OF_TIME = 32_503_680_000.0
"""The year 3000."""

OnConflict: TypeAlias = Literal["keep", "replace", "debounce"]
ON_CONFLICT: tuple[OnConflict, ...] = get_args(OnConflict)


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
    on_conflict: OnConflict
    """What becomes of a waiting job that holds the key; one that runs or has ended is kept.

    `keep` leaves it alone, `replace` gives it this payload, priority and due time, `debounce` this
    payload and due time: with a delay, a burst runs once, when it is quiet.
    """
    expires: float | None
    """Seconds: not started by then, it is cancelled."""
    deadline: float | None
    """When it must be done, in seconds since 1970 UTC: attempts are cut short, later ones not made."""
    done_within: float | None
    """The same as seconds from now; instead of `deadline`."""
    depends_on: Sequence[int]
    """Ids of jobs that must have ended first: it is blocked until then."""
    on_failure: OnFailure
    """What becomes of it when one of them fails for good or is cancelled.

    `cancel`: it is cancelled too. `run`: it runs all the same. `wait`: it waits until that one is
    begun anew, and completes.
    """
    awaited: bool
    """Enqueued with the completion of a job: what depends on that one waits for this one, too."""


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
        on_conflict=options.get("on_conflict", "keep"),
        start_by=_moment(now, options.get("expires")),
        end_by=_moment(now, options.get("done_within")) or options.get("deadline"),
        parents=tuple(dict.fromkeys(options.get("depends_on", ()))),
        on_failure=options.get("on_failure", "cancel"),
        awaited=options.get("awaited", False),
    )


def new_jobs(jobs: Sequence[Job], now: float, *, delay: float, priority: int | None) -> list[NewJobs]:
    """Jobs as they will be stored together, in their order: each run of one type is one.

    Raises:
        InvalidInput, InvalidPayload, ConfigurationError: as `new_job`.
    """
    _check_options({"delay": delay, "priority": priority})
    made = []
    for model, alike in groupby(jobs, type):
        policy = policy_of(model)
        rank = policy.priority if priority is None else priority
        payloads = [job.payload() for job in alike]
        made.append(NewJobs(policy.type, payloads, rank, policy.max_attempts, now + delay, now))
    return made


def _moment(now: float, seconds: float | None) -> float | None:
    return None if seconds is None else now + seconds


def _check_options(options: EnqueueOptions) -> None:
    """Each that is given by its own rule, then those that need another or exclude it."""
    for name, value in options.items():
        rule = _RULES.get(name)
        if rule is not None and value is not None:
            _check(rule.field, rule.holds(value), rule.message)
    key, within = options.get("key"), options.get("done_within")
    _check("uniqueForSeconds", options.get("unique_for") is None or key is not None, "needs a key")
    _check("onConflict", options.get("on_conflict", "keep") == "keep" or key is not None, "needs a key")
    _check("deadline", within is None or options.get("deadline") is None, "does not go with seconds from now")


def _good_key(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and key.isprintable()


def _check(field: str, good: bool, message: str) -> None:
    if not good:
        raise InvalidInput(f"{field} {message}", [FieldError(field, message)])


class _Rule(NamedTuple):
    """What the value of an option must be."""

    field: str
    """What it is called where it is sent."""
    holds: Callable[[Any], bool]
    message: str


_MOMENT = "must be a moment before the year 3000"
_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "delay": _Rule(
            "delaySeconds", lambda delay: 0 <= delay <= LONGEST_DELAY, "must be from 0 to ten years"
        ),
        "at": _Rule("at", lambda at: 0 <= at < END_OF_TIME, _MOMENT),
        "priority": _Rule("priority", lambda priority: 0 <= priority <= 100, "must be from 0 to 100"),
        "key": _Rule("key", _good_key, "must be 1 to 255 printable characters"),
        "unique_for": _Rule(
            "uniqueForSeconds", lambda unique: 0 < unique <= LONGEST_DELAY, "must be above 0"
        ),
        "max_attempts": _Rule("maxAttempts", lambda most: 1 <= most <= 1000, "must be from 1 to 1000"),
        "on_conflict": _Rule(
            "onConflict", lambda rule: rule in ON_CONFLICT, f"must be one of {', '.join(ON_CONFLICT)}"
        ),
        "expires": _Rule("expiresSeconds", lambda expires: 0 < expires <= LONGEST_DELAY, "must be above 0"),
        "done_within": _Rule(
            "deadlineSeconds", lambda within: 0 < within <= LONGEST_DELAY, "must be above 0"
        ),
        "deadline": _Rule("deadline", lambda deadline: 0 <= deadline < END_OF_TIME, _MOMENT),
        "depends_on": _Rule(
            "dependsOn", lambda parents: len(parents) <= MOST_PARENTS, f"may name at most {MOST_PARENTS} jobs"
        ),
        "on_failure": _Rule(
            "onFailure", lambda rule: rule in ON_FAILURE, f"must be one of {', '.join(ON_FAILURE)}"
        ),
    }
)
