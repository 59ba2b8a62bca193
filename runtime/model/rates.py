"""Rate limits: how people write them, and the token bucket that keeps them.

A bucket refills steadily and holds at most `burst` tokens; a start takes one.
So in any window of T seconds at most rate * T + burst jobs start. Both are
values: the row in the database is the bucket, shared by all processes.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Self

from runtime.errors import FieldError, InvalidInput

CLOCK_TOLERANCE = 5.0
"""Seconds that one reader of the clock may be behind another without the clock having jumped."""
SMALLEST, LARGEST = 0.000_001, 1_000_000_000.0
_SECONDS = MappingProxyType({"s": 1, "m": 60, "h": 3600})
_NUMBER = r"[0-9]{1,20}(?:\.[0-9]{1,40})?"
_RATE = re.compile(rf"({_NUMBER})/([smh])(?::({_NUMBER}))?")
_ALMOST = 1e-9  # a token is whole when only rounding keeps it from being one


@dataclass(frozen=True, slots=True)
class Rate:
    """So many starts in a second, minute or hour, and how many at once after a quiet time."""

    number: float
    """Starts a `unit`."""
    unit: str
    """`s`, `m` or `h`."""
    burst: float
    """What the bucket holds when full, at least 1."""

    def __post_init__(self) -> None:
        if self.unit not in _SECONDS:
            raise _invalid(f"the unit of a rate is s, m or h, not {self.unit!r}")
        if not SMALLEST <= self.number <= LARGEST:
            raise _invalid(f"a rate must be a number above zero, at most {LARGEST:,.0f}, not {self.number}")
        if not 1 <= self.burst <= LARGEST:
            raise _invalid(f"the burst of a rate must be from 1 to {LARGEST:,.0f}, not {self.burst}")

    @classmethod
    def parse(cls, text: str, burst: float | None = None) -> Self:
        """Read `120/m`, `20/s:20`, `7200/h:10` or `0.5/s`; without a burst it is the number (at least 1).

        `burst` is for those who are given it apart from the text, and wins over the text's.

        Raises:
            InvalidInput: anything else; the field is `rate`.
        """
        found = _RATE.fullmatch(text.strip())
        if found is None:
            raise _invalid(
                f"{text[:50]!r} is not a rate: write N/s, N/m or N/h, or N/m:BURST, as in 120/m:10"
            )
        number = float(found[1])
        if burst is None:
            burst = float(found[3]) if found[3] is not None else max(1.0, number)
        return cls(number=number, unit=found[2], burst=burst)

    @classmethod
    def parse_or_off(cls, text: str) -> Self | None:
        """Like `parse`, and None for `off`: no limit.

        Raises:
            InvalidInput: neither a rate nor `off`; the field is `rate`.
        """
        return None if text.strip() == "off" else cls.parse(text)

    @property
    def rate(self) -> float:
        """Starts a second."""
        return self.number / _SECONDS[self.unit]

    def __str__(self) -> str:
        """As people write it; `parse` reads it back to an equal value."""
        text = f"{_plain(self.number)}/{self.unit}"
        return text if self.burst == max(1.0, self.number) else f"{text}:{_plain(self.burst)}"


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many tokens were there at a moment of wall time. The rate is told to each method: it may change."""

    tokens: float
    updated_at: float

    @classmethod
    def full(cls, rate: Rate, now: float) -> Self:
        """What a limit starts with, once."""
        return cls(tokens=rate.burst, updated_at=now)

    def refilled(self, rate: Rate, now: float) -> "Bucket":
        """The bucket at `now`.

        A clock that jumped back adds nothing and is believed from then on. A reader
        a little behind (another process, or one that waited for the database) adds
        nothing either and moves nothing: or the same seconds would be refilled twice.

        Store the result when its `updated_at` is earlier than before, even if nothing is taken:
        until then a clock that jumped back would be met anew each time, and nothing ever refilled.
        """
        if self.updated_at - CLOCK_TOLERANCE <= now <= self.updated_at:
            return self if self.tokens <= rate.burst else Bucket(rate.burst, self.updated_at)
        elapsed = max(0.0, now - self.updated_at)
        return Bucket(min(rate.burst, self.tokens + elapsed * rate.rate), now)

    def whole(self) -> int:
        """How many jobs may start."""
        return max(0, math.floor(self.tokens + _ALMOST))

    def take(self, count: int) -> "Bucket":
        """The bucket after `count` starts.

        Raises:
            ValueError: there are not so many whole tokens, or the count is negative.
        """
        if not 0 <= count <= self.whole():
            raise ValueError(f"cannot take {count} of {self.whole()} tokens")
        return Bucket(self.tokens - count, self.updated_at)

    def ready_at(self, rate: Rate, now: float) -> float:
        """The moment, `now` or later, at which one whole token is there."""
        bucket = self.refilled(rate, now)
        if bucket.whole():
            return now
        ready = max(now, bucket.updated_at + (1 - bucket.tokens) / rate.rate)
        while not bucket.refilled(rate, ready).whole():  # a moment has few digits after the point: round up
            ready = math.nextafter(ready, math.inf)
        return ready


def _plain(number: float) -> str:
    """A number without an exponent that reads back exactly."""
    return str(int(number)) if number == int(number) else format(Decimal(repr(number)), "f")


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, [FieldError("rate", message)])
