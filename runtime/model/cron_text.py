"""Reading a cron expression: what is allowed, and one plain spelling of it.

Five fields, `minute hour day month weekday`, each a list of `*`, values and
ranges with steps (`*/15`, `1-5`, `mon-fri`, `22-2`, `0-30/10`), or `L` for the
last day of the month, `fri#2` for the second Friday and `L5` for the last one.
`@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually` stand for
the usual five. If both day and weekday are given and neither begins with `*`,
either is enough, as in every cron.

croniter understands more than is good for us: a sixth field (seconds), `H`
(hashed), `R` (random on every read) and `5-5` as "every hour". Nothing reaches
it that is not spelled out here.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn

from runtime.errors import ConfigurationError

_ALIASES = MappingProxyType(
    {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    }
)
_VALUE = "[0-9]{1,2}|[a-z]{3}"
_ITEM = re.compile(rf"(?:(?P<star>\*)|(?P<low>{_VALUE})(?:-(?P<high>{_VALUE}))?)(?:/(?P<step>[0-9]{{1,2}}))?")
_WEEKDAY_OF_MONTH = re.compile(r"(?P<day>[0-7]|[a-z]{3})#(?P<count>[1-5])|l(?P<last>[0-7])")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    """Names of the values, from `low` on."""


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAY = _Field("weekday", 0, 6, _WEEKDAYS)
_DAY = _Field("day", 1, 31)
_FIELDS = (_Field("minute", 0, 59), _Field("hour", 0, 23), _DAY, _Field("month", 1, 12, _MONTHS), _WEEKDAY)


def normalised(expression: str) -> str:
    """Five fields of numbers, the same for every spelling of the same expression.

    Raises:
        ConfigurationError: it is not one of ours; the message names the field.
    """
    text = expression.strip().lower()
    if text.startswith("@"):
        if text not in _ALIASES:
            _refuse(expression, f"there is no {text[:20]}; there are {', '.join(_ALIASES)}")
        return _ALIASES[text]
    parts = text.split()
    if len(parts) != len(_FIELDS):
        _refuse(expression, f"it must have five fields (minute hour day month weekday), not {len(parts)}")
    fields = [_field(expression, kind, part) for kind, part in zip(_FIELDS, parts, strict=True)]
    day, weekday = fields[2], fields[4]
    if ("#" in weekday or "l" in weekday) and day != "*":
        _refuse(expression, "a weekday of the month (fri#2, L5) needs * as the day")
    return " ".join(fields)


def _field(expression: str, kind: _Field, text: str) -> str:
    items = [_item(expression, kind, item) for item in text.split(",")]
    if "*" in items and len(items) > 1:
        _refuse(expression, f"* is everything already: nothing goes with it in the {kind.name} field")
    # Only a star in front has a meaning of its own ("day and weekday"); croniter heeds one anywhere.
    return ",".join([items[0], *(item.replace("*", f"{kind.low}-{kind.high}") for item in items[1:])])


def _item(expression: str, kind: _Field, text: str) -> str:
    if kind is _DAY and text == "l":
        return text
    if kind is _WEEKDAY and (special := _WEEKDAY_OF_MONTH.fullmatch(text)):
        if special["last"]:
            return f"l{int(special['last']) % 7}"
        return f"{_value(expression, kind, special['day']) % 7}#{special['count']}"
    found = _ITEM.fullmatch(text)
    if found is None:
        _refuse(expression, f"{text[:20]!r} is not allowed as {kind.name}")
    step = 1 if found["step"] is None else int(found["step"])
    if not 1 <= step <= kind.high - kind.low + 1:
        _refuse(expression, f"a step of {step} does not fit into the {kind.name} field")
    if found["star"]:
        return "*" if step == 1 else f"*/{step}"
    low = high = _value(expression, kind, found["low"])
    if found["high"] is not None:
        high = _value(expression, kind, found["high"])
    elif found["step"] is not None:  # "10/5": from 10 to the end
        high = kind.high
    return _range(expression, kind, low, high, step)


def _range(expression: str, kind: _Field, low: int, high: int, step: int) -> str:
    """A range in croniter's spelling. One that wraps around (`22-2`) has no step: croniter gets it wrong."""
    if low == high:
        return str(low % 7 if kind is _WEEKDAY else low)
    if kind is _WEEKDAY and low == 7:
        return _range(expression, kind, 0, high, step)
    if low > high and step != 1:
        _refuse(expression, f"the {kind.name} range {low}-{high} goes backwards and has a step: write a list")
    return f"{low}-{high}" if step == 1 else f"{low}-{high}/{step}"


def _value(expression: str, kind: _Field, text: str) -> int:
    if text in kind.names:
        return kind.low + kind.names.index(text)
    highest = 7 if kind is _WEEKDAY else kind.high  # Sunday is 0 and 7
    if not text.isdigit() or not kind.low <= int(text) <= highest:
        _refuse(expression, f"{text!r} is not a {kind.name}: it goes from {kind.low} to {highest}")
    return int(text)


def _refuse(expression: str, why: str) -> NoReturn:
    raise ConfigurationError(f"cron expression {expression[:100]!r}: {why}")
