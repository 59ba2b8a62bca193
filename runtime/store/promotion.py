"""Promotion: scheduled jobs whose moment has come become pending, in batches, by index."""

from collections import Counter

from runtime.model.records import Status
from runtime.store import lanes
from runtime.store.subjects import DUE
from runtime.store.transaction import StoreTransaction


def next_due(tx: StoreTransaction) -> float | None:
    """When the next scheduled job is due or the next lane opens; None when nothing waits for a moment."""
    moments = (tx.one("next_due", float), lanes.next_opening(tx))
    return min((moment for moment in moments if moment is not None), default=None)


def promote(tx: StoreTransaction, most: int) -> int:
    """Make due jobs pending, at most so many, and those whose lanes open; return how many were due."""
    lanes.open_due(tx, most)
    due = Counter(tx.all("promote_due", str, now=tx.now, most=most))
    for job_type, number in due.items():
        tx.count(job_type, Status.SCHEDULED, -number)
        tx.count(job_type, Status.PENDING, number)
    if due:
        tx.announce(DUE)
    return due.total()
