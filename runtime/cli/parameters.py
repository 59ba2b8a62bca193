"""Kinds of option value: text in, checked value out. A bad one is a usage error that names the option."""

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from runtime.model.rates import Rate
    from runtime.worker.options import Reservation


class Seconds(click.ParamType[float]):
    """A finite number of seconds, at least `least`."""

    name = "seconds"

    def __init__(self, least: float = 0.0) -> None:
        self._least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number."""
        try:
            number = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number of seconds.", param, ctx)
        if number < self._least:
            self.fail(f"{value!r} is less than {self._least:g} seconds.", param, ctx)
        return number


class PriorityValue(click.ParamType[int]):
    """A priority by number (0 to 100) or by name (LOW, NORMAL, HIGH, CRITICAL)."""

    name = "priority"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number or the name."""
        from runtime.model.records import Priority

        text = str(value).strip()
        named = Priority.__members__.get(text.upper())
        if named is not None:
            return int(named)
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 100):
            names = ", ".join(Priority.__members__)
            self.fail(f"{value!r} is neither a whole number from 0 to 100 nor one of {names}.", param, ctx)
        return int(text)


OFF_NUMBER = 0
"""What `off` is where a number above zero is asked for."""


class NumberOrOff(click.ParamType[int]):
    """A whole number from 1, or `off`, which is 0."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number."""
        text = str(value).strip()
        if text == "off":
            return OFF_NUMBER
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000):
            self.fail(f"{value!r} is neither a whole number from 1 to 1000000 nor off.", param, ctx)
        return int(text)


class Moment(click.ParamType[float]):
    """A moment as ISO 8601, in UTC unless it says otherwise; as seconds since 1970 UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the moment."""
        if isinstance(value, float):  # click converts a default again
            return value
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a moment, as in 2026-12-31T08:00:00+01:00.", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class RateAssignment(click.ParamType["tuple[str, Rate | None]"]):
    """`TYPE=N/s`, `TYPE=N/m:BURST` or `TYPE=off`."""

    name = "type=rate"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> "tuple[str, Rate | None]":
        """Take the assignment apart and read the rate."""
        from runtime.errors import InvalidInput
        from runtime.model.rates import Rate

        if isinstance(value, tuple):  # click converts a default again
            return value
        job_type, separator, text = str(value).partition("=")
        if not separator or not job_type.strip():
            self.fail(f"{value!r} is not TYPE=RATE, as in send_email=120/m.", param, ctx)
        try:
            return job_type.strip(), Rate.parse_or_off(text)
        except InvalidInput as error:
            self.fail(f"{job_type.strip()}: {error}.", param, ctx)


class ReservationValue(click.ParamType["Reservation"]):
    """`N:PRIORITY`: so many runners for jobs of at least that priority."""

    name = "n:priority"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> "Reservation":
        """Take the two apart."""
        from runtime.worker.options import Reservation

        runners, separator, priority = str(value).partition(":")
        if not separator or not (runners.isascii() and runners.isdigit() and len(runners) <= 5):
            self.fail(f"{value!r} is not N:PRIORITY, as in 2:HIGH.", param, ctx)
        return Reservation(int(runners), PRIORITY.convert(priority, param, ctx))


class PlainText(click.ParamType[str]):
    """Text that can be stored: valid UTF-8 without NUL."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what no database keeps unchanged."""
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("it is not valid UTF-8.", param, ctx)
        if "\0" in text:
            self.fail("it holds a NUL character.", param, ctx)
        return text


SECONDS = Seconds()
MOMENT = Moment()
PRIORITY = PriorityValue()
RESERVATION = ReservationValue()
RATE = RateAssignment()
NUMBER_OR_OFF = NumberOrOff()
TEXT = PlainText()
IDENTIFIER = click.IntRange(1, 2**63 - 1)
