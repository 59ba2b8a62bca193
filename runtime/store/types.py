"""Job types as the operator sees them."""

import json
from collections import defaultdict

from runtime.model.records import Status, TypeStatus
from runtime.store import control, statistics, workers
from runtime.store.transaction import StoreTransaction


def listed(tx: StoreTransaction, declared: frozenset[str], boot: str, monotonic: float) -> list[TypeStatus]:
    """Every type that is declared here, stored, paused or run by a living worker."""
    counts: dict[str, dict[Status, int]] = defaultdict(dict)
    for count in statistics.counts(tx):
        counts[count.type][count.status] = count.count
    paused = control.paused(tx)
    known = served(tx, boot, monotonic)
    return [
        TypeStatus(type=name, paused=name in paused, known=name in known, counts=counts.get(name, {}))
        for name in sorted(counts.keys() | paused | known | declared)
    ]


def served(tx: StoreTransaction, boot: str, monotonic: float) -> frozenset[str]:
    """The types that living workers run."""
    living = (worker for worker in workers.stored(tx) if not worker.stale(boot, monotonic))
    return frozenset(name for worker in living for name in json.loads(worker.types))
