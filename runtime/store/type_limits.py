"""Limits beside the rates: how many jobs of a type run at once, and what holds for each key of them.

Rows are what somebody said; `in_force` is what holds. An operator's word outweighs the application's.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from runtime.model.lanes import Bounds
from runtime.model.rates import Rate
from runtime.store.limits import OFF
from runtime.store.transaction import StoreTransaction


class Kind(StrEnum):
    """What is limited."""

    CONCURRENCY = "concurrency"
    KEY_RATE = "key_rate"
    KEY_CONCURRENCY = "key_concurrency"


class TypeBounds(NamedTuple):
    """What holds for a type beside its rate."""

    concurrency: int | None = None
    of_key: Bounds | None = None
    """For each key of its jobs."""


NOTHING = TypeBounds()


class StoredLimit(NamedTuple):
    """A row of `type_limits`."""

    type: str
    kind: str
    value: str
    source: str


def stored(tx: StoreTransaction) -> dict[tuple[str, str], StoredLimit]:
    """The rows, by type and kind."""
    return {(row.type, row.kind): row for row in tx.all("list_type_limits", StoredLimit)}


def in_force(tx: StoreTransaction) -> dict[str, TypeBounds]:
    """What holds, by type; most applications have none."""
    return holding(stored(tx).values())


def holding(rows: Iterable[StoredLimit]) -> dict[str, TypeBounds]:
    """What the rows say that holds, by type."""
    found: dict[str, TypeBounds] = {}
    for row in rows:
        if row.value != OFF:
            found[row.type] = _with(found.get(row.type, NOTHING), Kind(row.kind), row.value)
    return found


def _with(bounds: TypeBounds, kind: Kind, value: str) -> TypeBounds:
    of_key = bounds.of_key or Bounds()
    match kind:
        case Kind.CONCURRENCY:
            return bounds._replace(concurrency=int(value))
        case Kind.KEY_RATE:
            return bounds._replace(of_key=of_key._replace(rate=Rate.parse(value)))
        case Kind.KEY_CONCURRENCY:
            return bounds._replace(of_key=of_key._replace(concurrency=int(value)))
