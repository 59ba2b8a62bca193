"""What is stored and what is said about it: frozen records.

Moments are seconds since 1970-01-01 UTC (`float`) and end in `_at`; durations
are seconds. The edges (JSON, tables for people) turn moments into text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args

T = TypeVar("T")

OnFailure: TypeAlias = Literal["cancel", "run", "wait"]
ON_FAILURE: tuple[OnFailure, ...] = get_args(OnFailure)


class Status(StrEnum):
    """Where a job is in its life."""

    SCHEDULED = "scheduled"
    """Due later: delayed, snoozed, or waiting to be retried."""
    BLOCKED = "blocked"
    """Waits for jobs it depends on."""
    PENDING = "pending"
    """Due: the next free runner may take it."""
    PROCESSING = "processing"
    """A worker runs it."""
    COMPLETED = "completed"
    FAILED = "failed"
    """Attempts used up, or not retryable: it is in the dead letter queue."""
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self in FINISHED


FINISHED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class Priority(IntEnum):
    """Higher starts first. Any whole number from 0 to 100 is allowed."""

    LOW = 0
    NORMAL = 5
    HIGH = 10
    CRITICAL = 20


class NewJob(NamedTuple):
    """A job about to be stored."""

    type: str
    payload: str
    """JSON text that the type's model accepted."""
    priority: int
    max_attempts: int
    scheduled_at: float
    """When it is due; in the past or now means at once."""
    created_at: float
    key: str | None = None
    unique_for: float | None = None
    """Seconds that `key` stays taken after the enqueue; None: while the job is unfinished."""
    on_conflict: str = "keep"
    """What becomes of a waiting job that holds the key: `keep`, `replace` or `debounce`."""
    start_by: float | None = None
    """Not started by then, it is cancelled."""
    end_by: float | None = None
    """It must be done by then."""
    parents: tuple[int, ...] = ()
    """Jobs that must have ended first."""
    on_failure: OnFailure = "cancel"
    """What becomes of it when one of them fails or is cancelled."""
    awaited: bool = False
    """Whether what depends on the job that enqueues it waits for it, too."""


class NewJobs(NamedTuple):
    """Jobs about to be stored together that differ in their payloads alone."""

    type: str
    payloads: Sequence[str]
    priority: int
    max_attempts: int
    scheduled_at: float
    created_at: float


class JobRecord(NamedTuple):
    """One row of `jobs`."""

    id: int
    type: str
    payload: str
    """JSON text."""
    status: Status
    priority: int
    attempts: int
    """Attempts that count: ended by themselves, by an error or by a timeout. Never goes down."""
    max_attempts: int
    crashes: int
    """How often a worker died while running it."""
    claims: int
    """How often a worker took it: the fence that a late worker's outcome is checked against."""
    last_error: str | None
    key: str | None
    scheduled_at: float
    created_at: float
    updated_at: float
    completed_at: float | None
    """When it ended, however it ended."""
    locked_by: str | None
    """The worker that runs it; of a finished job, the one that ran it last."""
    locked_at: float | None
    """When that run began."""
    cancel_requested: bool = False
    """An operator wants the running attempt cancelled."""
    duplicate: bool = False
    """Set on the answer to an enqueue whose `key` was taken: this is the job that holds it."""


class ClaimedJob(NamedTuple):
    """What a runner needs to know of the job it is given.

    A named tuple, as are the other records of which each job makes one: a frozen
    dataclass takes five times as long to make.
    """

    id: int
    type: str
    payload: str
    attempts: int
    max_attempts: int
    crashes: int
    claims: int
    locked_at: float
    end_by: float | None = None
    """When it must be done, if by any moment."""
    priority: int = 0


class ProgressRecord(NamedTuple):
    """How far a job is, as its newest attempt said last."""

    fraction: float
    """From 0 to 1."""
    message: str
    reported_at: float


class LogRecord(NamedTuple):
    """A line of a job's log."""

    claim: int
    """Of which run: the first is 1."""
    level: str
    text: str
    logged_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One run of a job, as its history shows it."""

    attempt: int
    """1 for the first attempt that counts; an interrupted or crashed run shares its number with the next."""
    outcome: str
    """`completed`, `failed`, `timed_out`, `cancelled`, `snoozed`, `interrupted`, `crashed` or `running`."""
    error: str | None
    worker: str
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job that failed for good."""

    id: int
    """Of the dead letter."""
    job_id: int
    type: str
    payload: str
    attempts: int
    error: str
    failed_at: float
    reviewed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStatus:
    """A job type as the operator sees it."""

    type: str
    paused: bool
    known: bool
    """Whether a living worker runs it; jobs of a type that nobody runs wait."""
    counts: dict[Status, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRecord:
    """The limits of a type that are in force; None: there is none of that kind."""

    type: str
    rate: float | None = None
    """Starts a second."""
    burst: float | None = None
    """What the bucket of the rate holds when full."""
    tokens: float | None = None
    """What it holds now."""
    text: str | None = None
    """The rate as people write it: `120/m:10`."""
    concurrency: int | None = None
    """How many may run at once."""
    running: int | None = None
    """How many do, where that is limited."""
    key_rate: str | None = None
    """The rate of each key of the jobs apart, as people write it."""
    key_concurrency: int | None = None
    """How many jobs of one key may run at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """A worker process, from its heartbeat row."""

    id: str
    host: str
    pid: int
    started_at: float
    seen_at: float
    runners: int
    running: int
    types: tuple[str, ...]
    alive: bool
    stopping: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """A cron schedule and what it will do next."""

    name: str
    """The job type that it enqueues."""
    expression: str
    timezone: str
    missed: str
    """What happens to ticks nobody was there for: `skip`, `one` or `all`."""
    overlap: str
    """What happens while the last one still runs: `skip` or `allow`."""
    paused: bool
    last_tick_at: float | None
    """The last one that enqueued its job."""
    next_ticks: tuple[float, ...]
    """The next five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCount:
    """How many jobs of a type are in a status."""

    type: str
    status: Status
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """The queue in numbers, from counters; its cost does not grow with the jobs."""

    pending: int
    processing: int
    scheduled: int
    blocked: int
    completed: int
    failed: int
    cancelled: int
    completed_last_hour: int
    failed_last_hour: int
    completed_per_minute: float
    """Mean of the last five whole minutes."""
    failure_rate: float
    """Share of the attempts that ended in the last hour and were failures, 0 to 1."""
    oldest_pending_seconds: float | None
    """How long the pending job that is due longest has waited."""
    unreviewed_dead_letters: int
    by_type: tuple[TypeCount, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and where the next ones begin."""

    items: tuple[T, ...]
    cursor: int | None
    """Give it back to read on; None at the end."""
