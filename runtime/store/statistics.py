"""Statistics, from counters kept in the transactions that changed the jobs: never by counting rows."""

from runtime.model.records import QueueStats, Status, TypeCount
from runtime.store.outlook import look
from runtime.store.transaction import StoreTransaction

MINUTES_OF_HISTORY = 60
MINUTES_OF_RATE = 5
FAILURES = frozenset({"failed", "timed_out", "crashed"})


def counts(tx: StoreTransaction) -> list[TypeCount]:
    """How many jobs of each type are in each status, as of the last commit."""
    return tx.all("read_counts", _type_count)


def stats(tx: StoreTransaction) -> QueueStats:
    """The queue in numbers."""
    by_type = counts(tx)
    total = {status: sum(c.count for c in by_type if c.status is status) for status in Status}
    minute = int(tx.now // 60)
    history = tx.all("read_history", _ended, since=minute - MINUTES_OF_HISTORY + 1)
    completed = sum(n for _, outcome, n in history if outcome == "completed")
    failed = sum(n for _, outcome, n in history if outcome in FAILURES)
    recent = sum(
        n for at, outcome, n in history if outcome == "completed" and minute - MINUTES_OF_RATE <= at < minute
    )
    oldest = min((arm.oldest for arm in look(tx).arms), default=None)
    return QueueStats(
        pending=total[Status.PENDING],
        processing=total[Status.PROCESSING],
        scheduled=total[Status.SCHEDULED],
        blocked=total[Status.BLOCKED],
        completed=total[Status.COMPLETED],
        failed=total[Status.FAILED],
        cancelled=total[Status.CANCELLED],
        completed_last_hour=completed,
        failed_last_hour=failed,
        completed_per_minute=recent / MINUTES_OF_RATE,
        failure_rate=failed / (completed + failed) if completed + failed else 0.0,
        oldest_pending_seconds=None if oldest is None else max(0.0, tx.now - oldest),
        unreviewed_dead_letters=tx.one("count_unreviewed", int) or 0,
        by_type=tuple(by_type),
    )


def _type_count(job_type: str, status: str, count: int) -> TypeCount:
    return TypeCount(type=job_type, status=Status(status), count=count)


def _ended(minute: int, outcome: str, count: int) -> tuple[int, str, int]:
    return minute, outcome, count
