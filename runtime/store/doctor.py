"""Doctor: what must be true of the job tables, checked row by row. Slow on purpose; only the doctor asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime.model.records import Status, TypeCount
from runtime.store import statistics
from runtime.store.transaction import StoreTransaction

OVERDUE = 60.0
"""Seconds after its moment that a scheduled job must have been promoted."""
_MOST_NAMED = 5


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


def examine(tx: StoreTransaction) -> list[Check]:
    """Check the job tables; one snapshot, so a busy queue is no finding."""
    return [
        _schema(tx),
        _counters(tx),
        _rows(
            tx.all("ownerless_jobs", int), "stuck jobs", "processing, but the worker that holds them is gone"
        ),
        _rows(
            tx.all("overdue_jobs", int, before=tx.now - OVERDUE),
            "overdue jobs",
            "scheduled, but due long ago",
        ),
        _rows(tx.all("contradictory_jobs", int), "job rows", "contradict themselves"),
        _rows(tx.all("stray_dead_letters", int), "dead letters", "belong to jobs that have not failed"),
        _rows(tx.all("used_job_ids", int), "job ids", "would be given out again"),
    ]


def examine_engine(tx: StoreTransaction) -> list[Check]:
    """Check the database engine and its file, on the connection that writes."""
    journal = tx.one("journal_mode", str)
    damage = [line for line in tx.all("damaged_pages", str) if line != "ok"]
    return [
        Check(name="engine", verdict=Verdict.OK, detail=f"SQLite {tx.one('engine_version', str)}"),
        _fact("journal", good=journal == "wal", detail=f"journal_mode={journal}"),
        _fact("foreign keys", good=tx.one("foreign_keys_kept", int) == 1, detail="checked by every write"),
        _fact("pages", good=not damage, detail="; ".join(damage) or "quick_check found no damage"),
    ]


def _schema(tx: StoreTransaction) -> Check:
    versions = tx.all("schema_versions", lambda schema, number: f"{schema} {number}")
    return Check(name="schema", verdict=Verdict.OK, detail=", ".join(versions))


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


def _rows(ids: Sequence[int], name: str, trouble: str) -> Check:
    named = ", ".join(map(str, ids[:_MOST_NAMED])) + (", …" if len(ids) > _MOST_NAMED else "")
    return _fact(name, good=not ids, detail=f"{len(ids)} {trouble}: {named}" if ids else "none amiss")


def _fact(name: str, *, good: bool, detail: str) -> Check:
    return Check(name=name, verdict=Verdict.OK if good else Verdict.FINDING, detail=detail)
