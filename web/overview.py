"""What the dashboard shows, gathered and judged; the template only draws it."""

from dataclasses import dataclass

from runtime.client import Queue
from runtime.model.records import (
    DeadLetter,
    JobRecord,
    LimitRecord,
    QueueStats,
    ScheduleRecord,
    Status,
    TypeStatus,
    WorkerRecord,
)
from web.api.health import Check, judge_queue, judge_workers

FAILURES = 8
DEAD_LETTERS = 12
LOOKED_THROUGH = 50
"""Scheduled jobs that are searched for those waiting to be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """A job type with its numbers and its limit."""

    type: str
    paused: bool
    known: bool
    waiting: int
    running: int
    completed: int
    failed: int
    limit: LimitRecord | None

    @property
    def idle(self) -> bool:
        """Whether nothing of it is stored and nothing is said about it."""
        return not (
            self.waiting or self.running or self.completed or self.failed or self.limit or self.paused
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything on the page, as of one moment."""

    now: float
    stats: QueueStats
    queue_check: Check
    workers_check: Check
    types: tuple[TypeRow, ...]
    failures: tuple[JobRecord, ...]
    """Other jobs whose last attempt failed, latest first."""
    letters: tuple[DeadLetter, ...]
    """Not reviewed, newest first."""
    schedules: tuple[ScheduleRecord, ...]
    workers: tuple[WorkerRecord, ...]

    @property
    def complaints(self) -> tuple[str, ...]:
        """What somebody should look at, in words."""
        checks = (self.queue_check, self.workers_check)
        return tuple(check.message for check in checks if check.status != "up" and check.message)

    @property
    def runners(self) -> int:
        """Jobs that can run at once."""
        return sum(worker.runners for worker in self.workers if worker.alive)

    @property
    def more_letters(self) -> int:
        """Dead letters that are not shown."""
        return max(0, self.stats.unreviewed_dead_letters - len(self.letters))


async def look(queue: Queue, now: float) -> Overview:
    """Gather what the dashboard shows.

    Raises:
        DatabaseError: the database cannot be read.
    """
    stats, types, limits, workers = (
        await queue.stats(),
        await queue.types(),
        await queue.limits(),
        await queue.workers(),
    )
    letters = (await queue.dead_letters(reviewed=False, limit=DEAD_LETTERS)).items
    return Overview(
        now=now,
        stats=stats,
        queue_check=judge_queue(stats, types),
        workers_check=judge_workers(workers),
        types=_type_rows(types, limits),
        failures=await _failures(queue, {letter.job_id for letter in letters}),
        letters=letters,
        schedules=tuple(await queue.schedules()),
        workers=tuple(workers),
    )


async def _failures(queue: Queue, shown: set[int]) -> tuple[JobRecord, ...]:
    """The latest, without those that are shown as dead letters."""
    failed = await queue.jobs(status=Status.FAILED, limit=FAILURES + len(shown))
    scheduled = await queue.jobs(status=Status.SCHEDULED, limit=LOOKED_THROUGH)
    again = [job for job in scheduled.items if job.last_error is not None]
    others = [job for job in (*failed.items, *again) if job.id not in shown]
    return tuple(sorted(others, key=lambda job: job.updated_at, reverse=True)[:FAILURES])


def _type_rows(types: list[TypeStatus], limits: list[LimitRecord]) -> tuple[TypeRow, ...]:
    by_type = {limit.type: limit for limit in limits}
    rows = [
        TypeRow(
            type=found.type,
            paused=found.paused,
            known=found.known,
            waiting=sum(
                found.counts.get(status, 0) for status in (Status.PENDING, Status.SCHEDULED, Status.BLOCKED)
            ),
            running=found.counts.get(Status.PROCESSING, 0),
            completed=found.counts.get(Status.COMPLETED, 0),
            failed=found.counts.get(Status.FAILED, 0),
            limit=by_type.get(found.type),
        )
        for found in types
    ]
    return tuple(sorted(rows, key=lambda row: (row.idle, row.type)))
