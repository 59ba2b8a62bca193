"""When a schedule fires: cron in a time zone, with stated rules for its gaps, folds and missed ticks.

An expression (`runtime/model/cron_text.py`) is matched against the wall clock of
its zone. The clock is not always kind:

- **It goes forward** (02:00 becomes 03:00). A tick in the time that does not
  exist fires once, at the first moment after it: `30 2 * * *` at 03:00. Several
  such ticks are one. An expression for every hour just goes on: `15 * * * *`
  fires at 01:15 and 03:15, one hour apart.
- **It goes back** (03:00 becomes 02:00). A tick at fixed hours fires once, the
  first time: `30 2 * * *` at the first 02:30. An expression whose hour begins
  with `*` (or names all 24) fires both times, for it means an interval:
  `*/30 * * * *` fires each 30 minutes all along.

Ticks nobody was there for are `missed`: `skip` forgets those older than a
minute, `one` makes up for the latest only, `all` for every one, the latest
1,000 at most.

croniter is asked about naive wall time only, and the way from wall time to UTC
is ours: given an aware time it fires fixed hours twice when the clock goes back.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

from runtime.errors import ConfigurationError
from runtime.model.cron_text import normalised

SKIP_TOLERANCE = 60.0
"""Under `skip`, a tick is missed when it is older than this many seconds."""
MAX_MISSED = 1000
"""Under `all`, no more ticks than this are made up for."""
MAX_TICKS = 10_000
"""The most that `ticks_between` gives."""
_DAY = 86_400
_YEAR_2000 = 946_684_800


class Missed(StrEnum):
    """What happens to ticks nobody was there for."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


class Overlap(StrEnum):
    """What happens when a tick comes while the last one's job is unfinished."""

    SKIP = "skip"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression in a time zone, and its policies. Moments are seconds since 1970 UTC.

    Raises:
        ConfigurationError: the expression, the zone or a policy is not one we have, or no date ever fits.
    """

    expression: str
    timezone: str = "UTC"
    missed: Missed = Missed.ONE
    overlap: Overlap = Overlap.SKIP

    def __post_init__(self) -> None:
        text = normalised(self.expression)
        try:
            _wall_clock(text).get_next(float, start_time=_YEAR_2000)
        except CroniterError as error:
            raise ConfigurationError(f"cron expression {self.expression!r}: no date ever fits") from error
        try:
            ZoneInfo(self.timezone)
        except (LookupError, ValueError, OSError, TypeError) as error:  # a missing file is a LookupError
            raise ConfigurationError(f"there is no time zone {str(self.timezone)[:100]!r}") from error
        try:  # these may come from a database row or a plain string
            object.__setattr__(self, "missed", Missed(self.missed))
            object.__setattr__(self, "overlap", Overlap(self.overlap))
        except ValueError as error:
            raise ConfigurationError(f"schedule {self.expression!r}: {error}") from error

    def next_tick(self, after: float) -> float:
        """The first tick later than `after`."""
        return float(next(self._walk(after)))

    def next_ticks(self, after: float, count: int) -> list[float]:
        """The first `count` ticks later than `after`, in order."""
        return [float(tick) for tick in islice(self._walk(after), count)]

    def ticks_between(self, after: float, until: float, limit: int = MAX_TICKS) -> list[float]:
        """The ticks later than `after` and not later than `until`, in order: the first `limit` of them."""
        ticks = takewhile(lambda tick: tick <= until, self._walk(after))
        return [float(tick) for tick in islice(ticks, limit)]

    def due(self, last: float, now: float) -> tuple[float, ...]:
        """The ticks to fire at `now`, in order, if all up to `last` have been dealt with.

        A clock that went back (`last` is later than `now`) fires nothing twice.
        """
        if now <= last:
            return ()
        match self.missed:
            case Missed.SKIP:
                return tuple(self._latest(max(last, math.ceil(now - SKIP_TOLERANCE) - 1), now, 1))
            case Missed.ONE:
                return tuple(self._latest(last, now, 1))
            case Missed.ALL:
                return tuple(self._latest(last, now, MAX_MISSED))

    def describe_rules(self) -> str:
        """What an operator should know about this schedule's ticks, in a few sentences."""
        sentences = [f"Times are wall time in {self.timezone}."]
        every_hour, repeats = _hours(normalised(self.expression))
        if self.timezone != "UTC":
            forward = (
                "nothing is made up for" if every_hour else "a tick in the missing time fires right after it"
            )
            back = (
                "ticks in the repeated time fire both times"
                if repeats
                else "repeated times fire once, the first"
            )
            sentences.append(f"When the clock goes forward, {forward}; when it goes back, {back}.")
        sentences.append(
            {
                Missed.SKIP: f"Ticks missed by more than {SKIP_TOLERANCE:g} s are forgotten.",
                Missed.ONE: "Of missed ticks the latest fires.",
                Missed.ALL: f"Missed ticks all fire, the latest {MAX_MISSED:,} at most.",
            }[self.missed]
        )
        if self.overlap is Overlap.SKIP:
            sentences.append("A tick is skipped while the last one's job is unfinished.")
        return " ".join(sentences)

    def _latest(self, after: float, until: float, count: int) -> list[float]:
        """The last `count` of the ticks between, at a cost that does not grow with how many there are."""
        ticks = self.ticks_between(after, until, count + 1)
        return ticks if len(ticks) <= count else self._latest_by_halves(after, until, count)

    def _latest_by_halves(self, after: float, until: float, count: int) -> list[float]:
        if until - after <= 60 * count:  # hardly more than `count` minutes: hardly more ticks
            return self.ticks_between(after, until)[-count:]
        if self.next_tick(after) > until:
            return []
        middle = (after + until) / 2
        newer = self._latest_by_halves(middle, until, count)
        if len(newer) == count:
            return newer
        return self._latest_by_halves(after, middle, count - len(newer)) + newer

    def _walk(self, after: float) -> Iterator[int]:
        """All ticks later than `after`.

        Goes from change to change of the zone's offset: between two of them wall
        time and UTC differ by a constant, and croniter's answer needs no care.
        """
        text = normalised(self.expression)
        zone = ZoneInfo(self.timezone)
        clock = _wall_clock(text)
        every_hour, repeats = _hours(text)
        moment = math.floor(after)
        wall = moment + _offset(zone, moment)
        while True:
            next_wall = int(clock.get_next(float, start_time=wall))
            tick = moment + next_wall - wall
            change = _first_change(zone, wall - moment, moment, tick)
            if change is None:
                moment, wall = tick, next_wall
                if repeats or not datetime.fromtimestamp(tick, zone).fold:
                    yield tick
                continue
            wall_after = change + _offset(zone, change)
            if next_wall < wall_after and not every_hour:  # the clock leapt over it
                moment, wall = change, wall_after
                yield change
            else:  # look again from just before the change, by the clock after it
                moment, wall = change - 1, wall_after - 1


def _wall_clock(text: str) -> croniter:
    """For naive wall time; as in Debian's cron, a day or weekday with a `*` in front narrows the other."""
    return croniter(text, _YEAR_2000, ret_type=float, implement_cron_bug=True)


def _hours(text: str) -> tuple[bool, bool]:
    """Whether it fires in every hour, and whether it fires again in an hour that the clock repeats."""
    every_hour = croniter.expand(text)[0][1] == ["*"]
    return every_hour, every_hour or text.split()[1].startswith("*")


def _offset(zone: ZoneInfo, moment: int) -> int:
    """Seconds that the zone's wall clock is ahead of UTC."""
    offset = datetime.fromtimestamp(moment, zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def _first_change(zone: ZoneInfo, offset: int, start: int, end: int) -> int | None:
    """The first moment later than `start`, and not later than `end`, at which the offset is another one.

    Looks once a day: no zone has ever gone somewhere and back within four.
    """
    while start < end:
        probe = min(start + _DAY, end)
        if _offset(zone, probe) != offset:
            while probe - start > 1:
                middle = (start + probe) // 2
                start, probe = (start, middle) if _offset(zone, middle) != offset else (middle, probe)
            return probe
        start = probe
    return None
