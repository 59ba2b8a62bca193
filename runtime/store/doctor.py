"""Doctor: what must be true of the job tables, checked row by row. Slow on purpose; only the doctor asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime.model.lifecycle import POISON_PILL_CRASHES
from runtime.model.records import Status, TypeCount
from runtime.store import statistics
from runtime.store.transaction import StoreTransaction

OVERDUE = 60.0
"""Seconds after its moment that a scheduled job must have been promoted."""
CLOCK_TOLERANCE = 60.0
"""Seconds that rows may be ahead of the clock."""
_MOST_NAMED = 5
_SYNCED = frozenset({2, 3})
"""FULL and EXTRA: a commit is on the disk when it returns."""


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing, nothing to mend."""
    FINDING = "finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must hold between rows; an application declares its own."""

    name: str
    query: str
    """A named query without parameters, whose first column names the rows that break it."""
    trouble: str
    """What is wrong with those, in words: `paid, but without a job`."""


INVARIANTS = (
    Invariant("stuck jobs", "ownerless_jobs", "processing, but the worker that holds them is gone"),
    Invariant("blocked jobs", "blocked_jobs", "blocked, and nothing will ever release them"),
    Invariant("waits", "miscounted_waits", "do not count the jobs that they wait for"),
    Invariant("parents", "parentless_jobs", "wait for jobs that will not end any more"),
    Invariant("lanes", "miscounted_lanes", "do not count the places that are taken in them"),
    Invariant("places", "stray_slots", "held in lanes by jobs that do not run"),
    Invariant("parked jobs", "forgotten_parked", "parked in lanes that nothing will open"),
    Invariant("workflows", "miscounted_workflows", "do not count their jobs"),
    Invariant("job rows", "contradictory_jobs", "contradict themselves"),
    Invariant("attempts", "overspent_jobs", "have more attempts than they may"),
    Invariant("histories", "stray_attempts", "runs recorded of jobs that are not there"),
    Invariant("belongings", "stray_belongings", "left behind by jobs that are not there"),
    Invariant("dead letters", "stray_dead_letters", "belong to jobs that have not failed"),
    Invariant("keys", "stray_keys", "held for ever by jobs that are not there"),
    Invariant("job ids", "used_job_ids", "would be given out again"),
    Invariant("ticks", "doubled_ticks", "jobs that stand for more than one tick"),
    Invariant("negative counters", "negative_counters", "count less than nothing"),
)


def examine(tx: StoreTransaction, own: Sequence[Invariant] = ()) -> list[Check]:
    """Check the job tables and the application's own; one snapshot, so a busy queue is no finding."""
    return [
        _schema(tx),
        _clock(tx),
        _counters(tx),
        _rows(
            tx.all("overdue_jobs", str, before=tx.now - OVERDUE),
            "overdue jobs",
            "scheduled, but due long ago",
        ),
        _rows(tx.all("crashed_too_often", str, most=POISON_PILL_CRASHES), "poison pills", "not buried"),
        *(check(tx, invariant) for invariant in (*INVARIANTS, *own)),
    ]


def check(tx: StoreTransaction, invariant: Invariant) -> Check:
    """Ask one invariant."""
    found = tx.all(invariant.query, lambda first, *_: str(first))
    return _rows(found, invariant.name, invariant.trouble)


def examine_writer(tx: StoreTransaction) -> list[Check]:
    """Check how the connection that writes is set; quick, since it holds the write lock."""
    journal, synced = tx.one("journal_mode", str), tx.one("synchronous_level", int)
    return [
        Check(name="engine", verdict=Verdict.OK, detail=f"SQLite {tx.one('engine_version', str)}"),
        _fact("journal", good=journal == "wal", detail=f"journal_mode={journal}"),
        _fact("durability", good=synced in _SYNCED, detail=f"synchronous={synced}"),
        _fact("foreign keys", good=tx.one("foreign_keys_kept", int) == 1, detail="checked by every write"),
    ]


def examine_pages(tx: StoreTransaction) -> list[Check]:
    """Read the whole file; on a snapshot, so that nobody waits for it."""
    damage = [line for line in tx.all("damaged_pages", str) if line != "ok"]
    strays = tx.all("broken_references", lambda table, *_: str(table))
    return [
        _fact("pages", good=not damage, detail="; ".join(damage) or "integrity_check found no damage"),
        _rows(strays, "references", "rows that refer to nothing, in"),
    ]


def schema_versions(tx: StoreTransaction) -> dict[str, int]:
    """How far each schema of the database is migrated."""
    return dict(tx.all("schema_versions", lambda schema, number: (str(schema), int(number))))


def _schema(tx: StoreTransaction) -> Check:
    versions = (f"{schema} {number}" for schema, number in schema_versions(tx).items())
    return Check(name="schema", verdict=Verdict.OK, detail=", ".join(versions))


def _clock(tx: StoreTransaction) -> Check:
    latest = tx.one("latest_moment", lambda moment: float(moment or 0)) or 0.0
    ahead = latest - tx.now
    if ahead <= CLOCK_TOLERANCE:
        return Check(name="clock", verdict=Verdict.OK, detail="not behind any row")
    # No finding: it may have been wrong then and right now, and either way nothing in the rows needs mending.
    return Check(
        name="clock", verdict=Verdict.NOTE, detail=f"rows are {ahead:.0f} s ahead of it: it went back"
    )


def _counters(tx: StoreTransaction) -> Check:
    told = {(item.type, item.status): item.count for item in statistics.counts(tx)}
    rows = tx.all("count_job_rows", _type_count)
    found = {(item.type, item.status): item.count for item in rows}
    wrong = [
        f"{job_type} {status}: the counter says {told.get((job_type, status), 0)}, "
        f"there are {found.get((job_type, status), 0)}"
        for job_type, status in sorted(told.keys() | found.keys())
        if told.get((job_type, status), 0) != found.get((job_type, status), 0)
    ]
    return _fact(
        "counters", good=not wrong, detail="; ".join(wrong) or f"equal the {sum(found.values())} rows"
    )


def _type_count(job_type: str, status: str, count: int) -> TypeCount:
    return TypeCount(type=job_type, status=Status(status), count=count)


def _rows(ids: Sequence[str], name: str, trouble: str) -> Check:
    named = ", ".join(ids[:_MOST_NAMED]) + (", …" if len(ids) > _MOST_NAMED else "")
    return _fact(name, good=not ids, detail=f"{len(ids)} {trouble}: {named}" if ids else "none amiss")


def _fact(name: str, *, good: bool, detail: str) -> Check:
    return Check(name=name, verdict=Verdict.OK if good else Verdict.FINDING, detail=detail)
