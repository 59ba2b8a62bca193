"""Promises of `runtime/model/cron.py` about time zones.

Two oracles. `clock_hands` below is the rules of the module's docstring put plainly:
it looks at the wall clock moment by moment. cronsim is another implementation, which
mimics Debian's cron; where its rule is another one, the test says why ours is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cronsim import CronSim
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.model.cron import Missed, Schedule

HOUR, DAY = 3600, 86_400
BERLIN = "Europe/Berlin"
ZONES = sorted(available_timezones())
FIXED = (
    "30 2 * * *",
    "0 0 * * *",
    "0,30 1-3 * * *",
    "15 23,0,1 * * 1-5",
    "0 22,23,0-2 * * *",
    "59 23 31 12 *",
    "0 12 L * *",
)
MINUTES_OF_FIXED_HOURS = ("*/10 2 * * *", "*/20 0-3 * * *")
EVERY_HOUR = ("0 * * * *", "15 * * * *", "*/30 * * * *", "17,43 * * * 0,6", "20 0-23 * * *")
HOURS_BY_STEP = ("0 */2 * * *", "30 */3 * * *", "0 */12 * * *", "*/20 */4 * * *")
EXPRESSIONS = FIXED + MINUTES_OF_FIXED_HOURS + EVERY_HOUR + HOURS_BY_STEP


def moment(text: str, zone: str = "UTC") -> float:
    """Epoch seconds of `2026-03-29 02:30`, or with ` again` of the second time the clock shows that."""
    wall = datetime.fromisoformat(text.removesuffix(" again")).replace(tzinfo=ZoneInfo(zone))
    return wall.replace(fold=int(text.endswith(" again"))).timestamp()


def shown(ticks: list[float] | tuple[float, ...], zone: str) -> list[str]:
    """Ticks as their zone's wall clock shows them."""
    walls = [datetime.fromtimestamp(tick, ZoneInfo(zone)) for tick in ticks]
    return [f"{wall:%d %H:%M}" + (" again" if wall.fold else "") for wall in walls]


def offset(zone: ZoneInfo, at: float) -> int:
    return int((datetime.fromtimestamp(at, zone).utcoffset() or timedelta()).total_seconds())


def changes(zone: ZoneInfo, year: int) -> list[int]:
    """The moments of a year at which the zone's clock is put forward or back."""
    start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    days = pairwise(range(start, start + 366 * DAY, DAY))
    return [change(zone, low, high) for low, high in days if offset(zone, low) != offset(zone, high)]


def change(zone: ZoneInfo, low: int, high: int) -> int:
    """The moment between the two at which it is."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
    return high


def clock_hands(expression: str, zone_name: str, after: int, until: int) -> list[float]:
    """The ticks later than `after` up to `until`, by watching the wall clock."""
    zone = ZoneInfo(zone_name)
    fields = CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 - for its sets of values
    hour = expression.split()[1]
    every_hour = len(fields.hours) == 24
    ticks = []

    def matches(wall: datetime) -> bool:
        return (
            wall.second == 0
            and wall.minute in fields.minutes
            and wall.hour in fields.hours
            and wall.month in fields.months
            and fields.match_day(wall.date())
        )

    def watched() -> Iterator[tuple[int, int]]:
        """The moments at which the clock shows a whole minute, or changes; with the offset before."""
        at = after
        while at < until:
            before = offset(zone, at)
            step = 60 - (at + before) % 60
            if offset(zone, at + step) != before:
                step = 1
            at += step
            if at <= until:
                yield at, before

    for at, before in watched():
        wall = datetime.fromtimestamp(at, zone)
        leapt = range(at + before, at + offset(zone, at))  # by the wall clock, where it is put forward
        lost = (datetime.fromtimestamp(second, UTC) for second in leapt if second % 60 == 0)
        made_up_for = not every_hour and any(matches(wall_time) for wall_time in lost)
        again = wall.fold == 1 and not (every_hour or hour.startswith("*"))
        if made_up_for or (matches(wall) and not again):
            ticks.append(float(at))
    return ticks


@st.composite
def weeks_of_change(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and a moment at which its clock is put forward or back, or June if it is not that year."""
    zone = draw(st.sampled_from(ZONES))
    year = draw(st.integers(1880, 2037))
    found = changes(ZoneInfo(zone), year)
    return zone, draw(st.sampled_from(found)) if found else int(moment(f"{year}-06-01"))


@settings(deadline=None, max_examples=60)
@given(weeks_of_change(), st.sampled_from(EXPRESSIONS), st.integers(1, 40), st.integers(1, 30))
@example(
    ("Australia/Lord_Howe", int(moment("2026-10-03 15:30"))), "30 2 * * *", 20, 20
)  # half an hour forward
@example(("Australia/Lord_Howe", int(moment("2026-04-04 15:00"))), "*/20 0-3 * * *", 20, 20)  # and back
@example(("Pacific/Apia", int(moment("2011-12-30 10:00"))), "15 23,0,1 * * 1-5", 40, 40)  # a day left out
@example(
    ("Pacific/Kwajalein", int(moment("1969-09-30 13:00"))), "*/10 2 * * *", 40, 40
)  # most of a day again
@example(("Africa/Cairo", int(moment("2026-04-23 22:00"))), "0 */12 * * *", 40, 40)  # midnight does not exist
@example(("America/Havana", int(moment("2026-11-01 05:00"))), "0 0 * * *", 20, 20)  # midnight comes twice
@example(("Africa/Monrovia", int(moment("1972-01-07 00:44:30"))), "30 2 * * *", 20, 20)  # by 44 min 30 s
@example(("Europe/Amsterdam", int(moment("1937-06-30 23:40:28"))), "*/20 0-3 * * *", 20, 20)  # by seconds
@example(("Asia/Manila", int(moment("1844-12-30 15:56"))), "15 * * * *", 40, 40)  # the date line moved
@example(("America/Juneau", int(moment("1867-10-18 09:00"))), "0,30 1-3 * * *", 40, 40)  # and the other way
def test_in_every_zone_ticks_fall_where_the_rules_say(
    week: tuple[str, int], expression: str, hours_before: int, hours_after: int
) -> None:
    zone, at = week
    after, until = at - hours_before * HOUR, at + hours_after * HOUR
    assert Schedule(expression, zone).ticks_between(after, until) == clock_hands(
        expression, zone, after, until
    )


@settings(deadline=None, max_examples=40)
@given(weeks_of_change(), st.sampled_from(EXPRESSIONS), st.integers(-5 * HOUR, 5 * HOUR))
def test_the_next_tick_is_the_same_wherever_before_it_one_asks(
    week: tuple[str, int], expression: str, seconds: int
) -> None:
    schedule = Schedule(expression, week[0])
    asked = week[1] + seconds
    tick = schedule.next_tick(asked)
    assert tick > asked
    for share in (0.1, 0.5, 0.999):
        assert schedule.next_tick(asked + (tick - asked) * share) == tick


@settings(deadline=None, max_examples=40)
@given(weeks_of_change(), st.sampled_from(FIXED + EVERY_HOUR[:4]))
def test_fixed_hours_and_every_hour_agree_with_cronsim(week: tuple[str, int], expression: str) -> None:
    zone, at = week
    if at < moment("1973-01-01"):  # cronsim shifts by whole minutes, and clocks were once put by seconds
        at = int(moment("2026-06-01"))
    # It starts a day before the change: asked inside a repeated hour, cronsim answers with the past.
    start = datetime.fromtimestamp(at - DAY, ZoneInfo(zone))
    until = at + DAY
    theirs = takewhile(lambda tick: tick <= until, (tick.timestamp() for tick in CronSim(expression, start)))
    assert Schedule(expression, zone).ticks_between(at - DAY, until) == list(theirs)


def test_minutes_of_a_fixed_hour_fire_once_where_cronsim_repeats_them() -> None:
    # Debian's cron and cronsim take a star in the minutes for an interval too, and let the whole hour
    # fall out in spring. Here the hour decides: what is to run at two o'clock runs at two o'clock, once.
    schedule = Schedule("*/30 2 * * *", BERLIN)
    ours = schedule.next_ticks(moment("2026-10-25 00:00", BERLIN), 3)
    theirs = CronSim(schedule.expression, datetime(2026, 10, 25, tzinfo=ZoneInfo(BERLIN)))
    assert shown(ours, BERLIN) == ["25 02:00", "25 02:30", "26 02:00"]
    assert shown([next(theirs).timestamp() for _ in range(3)], BERLIN) == [
        "25 02:00",
        "25 02:30",
        "25 02:00 again",
    ]
    assert shown(schedule.next_ticks(moment("2026-03-29 00:00", BERLIN), 2), BERLIN) == [
        "29 03:00",
        "30 02:00",
    ]


def test_hours_by_step_are_made_up_for_in_spring_where_cronsim_leaves_them_out() -> None:
    # `0 */12` in a zone whose midnight is left out would not run for a whole day.
    schedule = Schedule("0 */12 * * *", "Africa/Cairo")
    ours = schedule.next_ticks(moment("2026-04-23 06:00", "Africa/Cairo"), 3)
    theirs = CronSim(schedule.expression, datetime(2026, 4, 23, 6, tzinfo=ZoneInfo("Africa/Cairo")))
    assert shown(ours, "Africa/Cairo") == ["23 12:00", "24 01:00", "24 12:00"]
    assert shown([next(theirs).timestamp() for _ in range(2)], "Africa/Cairo") == ["23 12:00", "24 12:00"]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28 03:00", ["29 03:00", "30 02:30"]),
        ("30 2 * * *", BERLIN, "2026-10-24 03:00", ["25 02:30", "26 02:30"]),
        ("30 2 * * *", BERLIN, "2026-10-25 02:30", ["26 02:30"]),
        ("30 2 * * *", BERLIN, "2026-10-25 02:10 again", ["26 02:30"]),
        ("0,15,30 2 * * *", BERLIN, "2026-03-28 03:00", ["29 03:00", "30 02:00"]),
        ("0 2,3 * * *", BERLIN, "2026-03-28 03:00", ["29 03:00", "30 02:00"]),
        ("*/30 * * * *", BERLIN, "2026-03-29 01:00", ["29 01:30", "29 03:00", "29 03:30"]),
        (
            "*/30 * * * *",
            BERLIN,
            "2026-10-25 02:00",
            ["25 02:30", "25 02:00 again", "25 02:30 again", "25 03:00"],
        ),
        ("0 */2 * * *", BERLIN, "2026-10-25 01:00", ["25 02:00", "25 02:00 again", "25 04:00"]),
        ("0 0-23 * * *", BERLIN, "2026-10-25 01:00", ["25 02:00", "25 02:00 again", "25 03:00"]),
        ("0 0-23/2 * * *", BERLIN, "2026-10-25 01:00", ["25 02:00", "25 04:00"]),
        ("30 */24 1 11 *", "America/Havana", "2026-11-01 00:40", ["01 00:30 again", "01 00:30"]),
        ("15 * * * *", BERLIN, "2026-03-29 01:00", ["29 01:15", "29 03:15", "29 04:15"]),
        ("30 1 * * *", "America/New_York", "2026-11-01 00:00", ["01 01:30", "02 01:30"]),
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-03 12:00", ["04 01:00", "05 00:00"]),
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29 12:00", ["31 00:00", "30 12:00"]),
    ],
)
def test_the_examples_of_the_documentation_hold(
    expression: str, zone: str, after: str, expected: list[str]
) -> None:
    assert shown(Schedule(expression, zone).next_ticks(moment(after, zone), len(expected)), zone) == expected


polls = st.lists(st.floats(0.01, 59), min_size=1, max_size=40)


@settings(deadline=None, max_examples=40)
@given(weeks_of_change(), st.sampled_from(EXPRESSIONS), polls, st.sampled_from(list(Missed)))
def test_a_ticker_that_looks_each_minute_fires_each_tick_once_under_every_policy(
    week: tuple[str, int], expression: str, steps: list[float], missed: Missed
) -> None:
    schedule = Schedule(expression, week[0], missed)
    start = last = float(week[1] - 300)
    fired: list[float] = []
    for step in steps:
        fired += schedule.due(last, last + step)
        last += step
    assert fired == schedule.ticks_between(start, last)


@settings(deadline=None, max_examples=40)
@given(weeks_of_change(), st.sampled_from(EXPRESSIONS), st.lists(st.floats(1, 2 * DAY), max_size=4))
def test_a_ticker_that_looks_seldom_fires_each_tick_once_under_all_and_the_latest_under_one(
    week: tuple[str, int], expression: str, steps: list[float]
) -> None:
    zone, at = week
    moments = [float(at - 2 * DAY)]
    for step in steps:
        moments.append(moments[-1] + step)
    every = Schedule(expression, zone, Missed.ALL)
    latest = Schedule(expression, zone, Missed.ONE)
    for last, now in pairwise(moments):
        between = every.ticks_between(last, now)
        assert list(every.due(last, now)) == between
        assert list(latest.due(last, now)) == between[-1:]
