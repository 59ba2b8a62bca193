"""Results: what handlers returned, as JSON text, stored with the completion."""

import json
from collections.abc import Mapping, Sequence

from runtime.store.transaction import StoreTransaction


def store(tx: StoreTransaction, results: Mapping[int, str]) -> None:
    """Keep what these jobs returned, by job id; it goes when they are pruned."""
    tx.many("store_result", [(job_id, text, tx.now) for job_id, text in sorted(results.items())])


def of(tx: StoreTransaction, job_ids: Sequence[int]) -> dict[int, str]:
    """The results of these jobs as JSON text, of those that returned something; one statement for all."""
    return dict(tx.all("results_of", _pair, ids=json.dumps(list(job_ids))))


def _pair(job_id: int, result: str) -> tuple[int, str]:
    return job_id, result
