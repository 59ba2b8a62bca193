"""Changing the limits beside the rates; what is parked or counted follows in the same transaction."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeAlias

from runtime.errors import NotFound
from runtime.model.lanes import OF_TYPE
from runtime.model.rates import Rate
from runtime.model.records import LimitRecord
from runtime.store import lanes, limits
from runtime.store.limits import DECLARED, OFF, OPERATOR
from runtime.store.subjects import CONTROL, DUE
from runtime.store.transaction import StoreTransaction
from runtime.store.type_limits import NOTHING, Kind, StoredLimit, TypeBounds, in_force, stored

Declared: TypeAlias = Mapping[str, Mapping[Kind, Rate | int | None]]
"""By type: what its handler says of each kind."""


def listed(tx: StoreTransaction) -> list[LimitRecord]:
    """All limits in force, by type."""
    bounds = in_force(tx)
    records = {record.type: record for record in limits.listed(tx)}
    return [
        _with_bounds(tx, records.get(name) or LimitRecord(type=name), bounds.get(name, NOTHING))
        for name in sorted(records.keys() | bounds.keys())
    ]


def apply(
    tx: StoreTransaction,
    job_type: str,
    rate: Rate | None,
    others: Mapping[Kind, Rate | int],
    removed: Collection[Kind] = (),
    *,
    unpaced: bool = False,
) -> LimitRecord:
    """What an operator wants from now on; kinds that are not mentioned stay as they are.

    Args:
        removed: kinds that are to hold no more, if they do.
        unpaced: likewise the rate.
    """
    _take_away(tx, job_type, removed, rate=unpaced)
    if rate is not None:
        limits.change(tx, job_type, rate)
    for kind, value in others.items():
        change(tx, job_type, kind, value)
    return _listed_one(tx, job_type)


def remove(
    tx: StoreTransaction, job_type: str, kinds: Collection[Kind] = tuple(Kind), *, rate: bool = True
) -> None:
    """Remove limits of a type until an operator sets them again: all of them, or some kinds.

    Raises:
        NotFound: it has none of those.
    """
    if not _take_away(tx, job_type, kinds, rate=rate):
        raise NotFound(f"there is no limit on {job_type}")


def _take_away(tx: StoreTransaction, job_type: str, kinds: Collection[Kind], *, rate: bool) -> bool:
    """Remove those that hold; whether one did."""
    record = _listed_one(tx, job_type)
    held = {
        Kind.CONCURRENCY: record.concurrency,
        Kind.KEY_RATE: record.key_rate,
        Kind.KEY_CONCURRENCY: record.key_concurrency,
    }
    chosen = [kind for kind in kinds if held[kind] is not None]
    paced = rate and record.text is not None
    if paced:
        limits.change(tx, job_type, None)
    for kind in chosen:
        change(tx, job_type, kind, None)
    return paced or bool(chosen)


def _listed_one(tx: StoreTransaction, job_type: str) -> LimitRecord:
    """The limits of a type; without any if there are none."""
    return next((record for record in listed(tx) if record.type == job_type), LimitRecord(type=job_type))


def change(
    tx: StoreTransaction, job_type: str, kind: Kind, value: Rate | int | None, source: str = OPERATOR
) -> None:
    """Set a limit, or remove it with None; whoever was held up by it may start."""
    before, text = stored(tx).get((job_type, kind)), OFF if value is None else str(value)
    if before is not None and (before.value, before.source) == (text, source):
        return
    lanes.enter(tx)
    tx.change("save_type_limit", type=job_type, kind=kind.value, value=text, source=source)
    counted = before is not None and before.value != OFF
    if kind is not Kind.KEY_RATE and counted != (value is not None):
        keyed = kind is Kind.KEY_CONCURRENCY
        if value is None:
            lanes.stop_counting(tx, job_type, keyed=keyed)
        elif not keyed:
            lanes.begin_counting(tx, job_type)
    lanes.reopen(tx, job_type)
    tx.announce(CONTROL)
    tx.announce(DUE)


def is_declared(tx: StoreTransaction, declared: Declared) -> bool:
    """Whether what handlers declare is stored, or an operator decided otherwise."""
    rows = stored(tx)
    return all(
        _stands(rows.get((name, kind)), value)
        for name, kinds in declared.items()
        for kind, value in kinds.items()
    )


def declare(tx: StoreTransaction, declared: Declared) -> None:
    """Store what handlers declare; what an operator set stands."""
    rows = stored(tx)
    for name, kinds in declared.items():
        for kind, value in kinds.items():
            if not _stands(rows.get((name, kind)), value):
                change(tx, name, kind, value, DECLARED)


def _stands(row: StoredLimit | None, value: Rate | int | None) -> bool:
    if row is None:
        return value is None
    return row.source == OPERATOR or row.value == (OFF if value is None else str(value))


def _with_bounds(tx: StoreTransaction, record: LimitRecord, bounds: TypeBounds) -> LimitRecord:
    lane = None if bounds.concurrency is None else lanes.find(tx, record.type, OF_TYPE)
    of_key = bounds.of_key
    return replace(
        record,
        concurrency=bounds.concurrency,
        running=None if lane is None else lane.running,
        key_rate=None if of_key is None or of_key.rate is None else str(of_key.rate),
        key_concurrency=None if of_key is None else of_key.concurrency,
    )
