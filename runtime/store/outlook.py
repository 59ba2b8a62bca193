"""Outlook: what is due and what limits it, by one query: all that a claim knows before it takes anything."""

from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.store import limits, type_limits
from runtime.store.transaction import StoreTransaction


class Arm(NamedTuple):
    """The due jobs of one type and priority."""

    type: str
    priority: int
    oldest: float
    """When the first of them was due."""


@dataclass(slots=True)
class Outlook:
    """What is due, and what may keep it from starting."""

    arms: list[Arm] = field(default_factory=list)
    """Of paused types, too."""
    paused: set[str] = field(default_factory=set)
    rates: dict[str, limits.StoredLimit] = field(default_factory=dict)
    """The rate limits in force, by type."""
    bounds: dict[str, type_limits.TypeBounds] = field(default_factory=dict)
    """The other limits in force, by type."""
    dated: bool = False
    """Whether any job has a deadline: where none has, a claim asks nothing of its jobs.

    So the very first deadline, should it come while a claim is under way that takes its job, is missed by
    that one run.
    """

    @property
    def open_arms(self) -> list[Arm]:
        """Those whose types are not paused."""
        return [arm for arm in self.arms if arm.type not in self.paused]


class _Row(NamedTuple):
    about: str
    type: str
    kind: str
    value: str
    source: str
    amount: float
    moment: float


def look(tx: StoreTransaction) -> Outlook:
    """What there is now."""
    outlook = Outlook()
    rates, bounds = [], []
    for row in tx.all("outlook", _Row):
        match row.about:
            case "arm":
                outlook.arms.append(Arm(row.type, int(row.amount), row.moment))
            case "paused":
                outlook.paused.add(row.type)
            case "rate":
                rates.append(limits.StoredLimit(row.type, row.value, row.source, row.amount, row.moment))
            case "bound":
                bounds.append(type_limits.StoredLimit(row.type, row.kind, row.value, row.source))
            case _:
                outlook.dated = True
    outlook.rates = limits.holding(rates)
    outlook.bounds = type_limits.holding(bounds)
    return outlook
