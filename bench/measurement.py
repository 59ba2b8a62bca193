"""Measurement: one figure and what it means, for people and as JSON; and how figures are compared."""

import json
import math
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.setting import Setting

Sample = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One figure and what it means."""

    metric: str
    value: float
    unit: str
    says: str
    """One sentence: what was measured from where to where."""
    more: Mapping[str, object] = field(default_factory=dict)
    """Further facts and figures; they may replace what the setting says of itself."""


async def alternate(rounds: int, sides: Mapping[str, Sample]) -> dict[str, list[float]]:
    """Measure every side in turns, so that a machine that slows down slows all of them.

    Every second round goes backwards: no side always comes after the same other one.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else reversed(list(sides)):
            found[name].append(await sides[name]())
    return found


def ratio(those: Sequence[float], these: Sequence[float]) -> float:
    """The median over the rounds of one side's figure by the other's."""
    return statistics.median(that / this for that, this in zip(those, these, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def report(
    item: Measurement, setting: Setting, about: Mapping[str, str | float], *, whole: bool = True
) -> dict[str, object]:
    """What is said in JSON; `whole` with the long lists that only pictures need."""
    more = {name: value for name, value in item.more.items() if whole or not _long(value)}
    return {
        "metric": item.metric,
        "value": shortened(item.value),
        "unit": item.unit,
        "jobs": setting.jobs,
        "workers": setting.workers,
        "processes": setting.processes,
        "db": setting.dialect,
        "durability": setting.durability,
        **{name: shortened(value) for name, value in more.items()},
        "says": item.says,
        "machine": dict(about),
    }


def shortened(value: object) -> object:
    """Floats with as many digits as they deserve."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list | tuple):
        return [shortened(item) for item in value]
    return value


def table(found: Sequence[Measurement]) -> str:
    """The same for people: a line a figure."""
    lines = []
    for item in found:
        notes = ", ".join(_note(name, value) for name, value in item.more.items() if _short(value))
        lines.append(f"{item.metric:<24} {item.value:>12,.2f} {item.unit:<10} {notes}".rstrip())
    return "\n".join(lines)


def lines(found: Sequence[Measurement], setting: Setting, about: Mapping[str, str | float]) -> str:
    """A JSON object a line and measurement."""
    return "\n".join(json.dumps(report(item, setting, about, whole=False)) for item in found)


def _note(name: str, value: object) -> str:
    return f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}"


def _short(value: object) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 60)


def _long(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 20
