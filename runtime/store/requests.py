"""What operators ask of running jobs."""

from runtime.store.transaction import StoreTransaction


def cancel_requests(tx: StoreTransaction, worker: str) -> list[tuple[int, int]]:
    """The (job id, claim) pairs of a worker's running jobs that are to be cancelled."""
    return tx.all("cancel_requests", _pair, worker=worker)


def _pair(job_id: int, claims: int) -> tuple[int, int]:
    return job_id, claims
