"""Schedules: which ticks have fired, and the row that lets each fire at most once."""

from dataclasses import dataclass

from runtime.errors import NotFound
from runtime.model.cron import Missed, Overlap, Schedule
from runtime.model.records import JobRecord, NewJob, ScheduleRecord
from runtime.store import jobs
from runtime.store.subjects import CONTROL
from runtime.store.transaction import StoreTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSchedule:
    """A schedule as the application declares it."""

    schedule: Schedule
    job: NewJob
    """What a tick enqueues; its moments are set then."""

    @property
    def name(self) -> str:
        """The job type: one schedule a type."""
        return self.job.type


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A row of `cron_schedules`."""

    name: str
    expression: str
    timezone: str
    missed: str
    overlap: str
    payload: str
    paused: int
    checked_until: float
    last_tick_at: float | None
    last_job_id: int | None

    def rule(self) -> Schedule:
        """Its rule."""
        return Schedule(self.expression, self.timezone, Missed(self.missed), Overlap(self.overlap))


def is_declared(tx: StoreTransaction, declared: DeclaredSchedule) -> bool:
    """Whether a schedule is stored as it is declared."""
    stored = tx.one("find_schedule", StoredSchedule, name=declared.name)
    return stored is not None and (stored.rule(), stored.payload) == (declared.schedule, declared.job.payload)


def declare(tx: StoreTransaction, declared: DeclaredSchedule) -> None:
    """Store a schedule; a new one counts its ticks from now."""
    rule = declared.schedule
    tx.change(
        "declare_schedule",
        name=declared.name,
        expression=rule.expression,
        timezone=rule.timezone,
        missed=rule.missed.value,
        overlap=rule.overlap.value,
        payload=declared.job.payload,
        now=tx.now,
    )


def find(tx: StoreTransaction, name: str) -> StoredSchedule:
    """The schedule of that name.

    Raises:
        NotFound: there is none.
    """
    found = tx.one("find_schedule", StoredSchedule, name=name)
    if found is None:
        raise NotFound(f"there is no schedule {name!r}")
    return found


def fire(tx: StoreTransaction, declared: DeclaredSchedule) -> list[JobRecord]:
    """Enqueue what is due, whoever else tries the same: tick row and job are one transaction."""
    stored = find(tx, declared.name)
    if stored.paused:
        # What passes while paused is not missed: nobody wants it made up for.
        tx.change("advance_schedule", name=stored.name, now=tx.now, tick_at=None, job_id=None)
        return []
    fired = []
    last_job, last_tick = stored.last_job_id, None
    for tick in declared.schedule.due(stored.checked_until, tx.now):
        if not tx.run("record_tick", name=stored.name, tick_at=tick, job_id=None):
            continue
        if declared.schedule.overlap is Overlap.SKIP and _unfinished(tx, last_job):
            continue
        record = jobs.insert(tx, at_tick(declared.job, tx.now))
        tx.change("note_tick_job", name=stored.name, tick_at=tick, job_id=record.id)
        last_job, last_tick = record.id, tick
        fired.append(record)
    tx.change("advance_schedule", name=stored.name, now=tx.now, tick_at=last_tick, job_id=last_job)
    return fired


def run_now(tx: StoreTransaction, name: str, template: NewJob) -> JobRecord:
    """Enqueue a schedule's job now, apart from its ticks.

    Raises:
        NotFound: there is no such schedule.
    """
    find(tx, name)
    return jobs.insert(tx, at_tick(template, tx.now))


def set_paused(tx: StoreTransaction, name: str, *, paused: bool) -> None:
    """Stop a schedule, or let it go on from now.

    Raises:
        NotFound: there is no such schedule.
    """
    find(tx, name)
    tx.change("pause_schedule", name=name, paused=int(paused))
    if not paused:
        tx.change("advance_schedule", name=name, now=tx.now, tick_at=None, job_id=None)
    tx.announce(CONTROL)


def listed(tx: StoreTransaction, declared: frozenset[str]) -> list[ScheduleRecord]:
    """The schedules that are still declared, each with its next five ticks.

    One that the code has dropped keeps its row: a version that declares it may run beside this one.
    """
    rows = tx.all("list_schedules", StoredSchedule)
    return [_record(stored, tx.now) for stored in rows if stored.name in declared]


def at_tick(template: NewJob, now: float) -> NewJob:
    """The job of a tick: due at once."""
    return NewJob(
        type=template.type,
        payload=template.payload,
        priority=template.priority,
        max_attempts=template.max_attempts,
        scheduled_at=now,
        created_at=now,
    )


def _unfinished(tx: StoreTransaction, job_id: int | None) -> bool:
    return job_id is not None and tx.one("is_unfinished", int, id=job_id) is not None


def _record(stored: StoredSchedule, now: float) -> ScheduleRecord:
    return ScheduleRecord(
        name=stored.name,
        expression=stored.expression,
        timezone=stored.timezone,
        missed=stored.missed,
        overlap=stored.overlap,
        paused=bool(stored.paused),
        last_tick_at=stored.last_tick_at,
        next_ticks=tuple(stored.rule().next_ticks(now, 5)),
    )
