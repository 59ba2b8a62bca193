"""Rate limits: token buckets held in the database, so that a limit is one for all processes."""

import math
from collections.abc import Iterable

from runtime.errors import NotFound
from runtime.model.rates import Bucket, Rate
from runtime.model.records import LimitRecord
from runtime.store.subjects import CONTROL
from runtime.store.transaction import StoreTransaction

OFF = "off"
"""Stored where an operator removed a limit that the application declares."""

DECLARED = "declared"
OPERATOR = "operator"


class StoredLimit:
    """A row of `rate_limits`."""

    __slots__ = ("bucket", "rate", "source", "text", "type")

    def __init__(self, job_type: str, text: str, source: str, tokens: float, updated_at: float) -> None:
        self.type = job_type
        self.text = text
        self.source = source
        self.rate = Rate.parse_or_off(text)
        self.bucket = Bucket(tokens, updated_at)

    def whole(self, now: float) -> int:
        """How many jobs may start."""
        return 0 if self.rate is None else self.bucket.refilled(self.rate, now).whole()


def in_force(tx: StoreTransaction) -> dict[str, StoredLimit]:
    """The limits that hold, by type."""
    return holding(tx.all("list_limits", StoredLimit))


def holding(stored: Iterable[StoredLimit]) -> dict[str, StoredLimit]:
    """Those of the stored limits that hold, by type."""
    return {limit.type: limit for limit in stored if limit.rate is not None}


def hold(tx: StoreTransaction, limit: StoredLimit) -> StoredLimit:
    """A limit as it is now, to take tokens from: whoever else wants some waits for this transaction."""
    held = tx.one("hold_limit", StoredLimit, type=limit.type)
    return held if held is not None and held.rate is not None else limit


def startable(limit: StoredLimit, free: int, most: int, now: float) -> int:
    """How many jobs may be claimed: those that have a token and a free runner.

    More, up to `most`, only while the bucket is over half full: what is claimed ahead
    of the runners starts a little after its token is taken.
    """
    if limit.rate is None:
        return most
    whole = limit.whole(now)
    return max(min(free, whole), min(most, whole - math.ceil(limit.rate.burst / 2)))


def take(tx: StoreTransaction, limit: StoredLimit, starts: int) -> float | None:
    """Take a token a start out of the bucket; return when it has one again, None if it has one still."""
    if limit.rate is None:
        return None
    bucket = limit.bucket.refilled(limit.rate, tx.now).take(starts)
    clock_went_back = bucket.updated_at < limit.bucket.updated_at  # or it would not refill until it caught up
    if starts or clock_went_back:
        tx.change("save_bucket", type=limit.type, tokens=bucket.tokens, updated_at=bucket.updated_at)
    return None if bucket.whole() else bucket.ready_at(limit.rate, tx.now)


def listed(tx: StoreTransaction) -> list[LimitRecord]:
    """The limits that hold, with what their buckets hold now."""
    return [_record(tx, limit) for limit in in_force(tx).values()]


def change(
    tx: StoreTransaction, job_type: str, rate: Rate | None, source: str = OPERATOR
) -> LimitRecord | None:
    """Set a limit, or remove it with None; a bucket keeps its tokens, up to the new burst."""
    stored = tx.one("find_limit", StoredLimit, type=job_type)
    text = OFF if rate is None else str(rate)
    if stored is None or (stored.text, stored.source) != (text, source):
        tokens = _tokens(tx, stored, rate)
        tx.change("save_limit", type=job_type, rate=text, source=source, tokens=tokens, now=tx.now)
        tx.announce(CONTROL)
    limit = tx.one("find_limit", StoredLimit, type=job_type)
    return _record(tx, limit) if limit is not None and limit.rate is not None else None


def is_declared(tx: StoreTransaction, job_type: str, rate: Rate | None) -> bool:
    """Whether what a handler declares is stored, or an operator decided otherwise."""
    stored = tx.one("find_limit", StoredLimit, type=job_type)
    if stored is None:
        return rate is None
    return stored.source == OPERATOR or stored.text == (OFF if rate is None else str(rate))


def declare(tx: StoreTransaction, job_type: str, rate: Rate | None) -> None:
    """Store the limit that a handler declares; what an operator set stands."""
    if not is_declared(tx, job_type, rate):
        change(tx, job_type, rate, DECLARED)


def _tokens(tx: StoreTransaction, stored: StoredLimit | None, rate: Rate | None) -> float:
    """A new bucket starts full, once; a changed one keeps what it has."""
    if rate is None:
        return 0.0
    if stored is None or stored.rate is None:
        return rate.burst
    return min(rate.burst, stored.bucket.refilled(stored.rate, tx.now).tokens)


def _record(tx: StoreTransaction, limit: StoredLimit) -> LimitRecord:
    rate = limit.rate
    if rate is None:
        raise NotFound(f"there is no limit on {limit.type}")
    return LimitRecord(
        type=limit.type,
        rate=rate.rate,
        burst=rate.burst,
        tokens=limit.bucket.refilled(rate, tx.now).tokens,
        text=str(rate),
    )
