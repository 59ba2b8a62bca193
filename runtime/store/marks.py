"""Marks of side effects that were done, for `Context.once`."""

from runtime.store.transaction import StoreTransaction


def done(tx: StoreTransaction, key: str) -> bool:
    """Whether the effect of that key was recorded."""
    return tx.one("find_once_mark", bool, key=key) is not None


def mark(tx: StoreTransaction, key: str, job_id: int) -> None:
    """Record that it was done."""
    tx.change("set_once_mark", key=key, job_id=job_id, now=tx.now)
