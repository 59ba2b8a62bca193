"""Promises of `runtime/model/cron.py`; those about time zones are in `test_cron_zones.py`."""

from datetime import UTC, datetime

import pytest

from runtime.errors import ConfigurationError
from runtime.model.cron import MAX_MISSED, MAX_TICKS, Missed, Overlap, Schedule

HOUR, DAY = 3600, 86_400
BERLIN = "Europe/Berlin"


def moment(text: str) -> float:
    """Epoch seconds of `2026-03-29 02:30` UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00"),
        ("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00"),
        ("59 23 31 12 *", "2026-12-31 23:58", "2026-12-31 23:59"),
        ("0 0 1 1 *", "2026-12-31 23:59:59", "2027-01-01 00:00"),
        ("0 0 * 2 mon#5", "2026-01-01 00:00", "2044-02-29 00:00"),
        ("@monthly", "2026-01-31 12:00", "2026-02-01 00:00"),
    ],
)
def test_rare_dates_are_found(expression: str, after: str, expected: str) -> None:
    assert Schedule(expression).next_tick(moment(after)) == moment(expected)


@pytest.mark.parametrize("early", [0.0000005, 0.001, 0.999, 30.5])
def test_a_fraction_of_a_second_before_a_tick_is_before_it(early: float) -> None:
    tick = moment("2026-01-01 03:00")
    schedule = Schedule("0 3 * * *")
    assert schedule.next_tick(tick - early) == tick
    assert schedule.next_tick(tick) == tick + DAY
    assert schedule.next_tick(tick + early) == tick + DAY


def test_ticks_between_leaves_out_the_first_moment_and_keeps_the_last() -> None:
    schedule = Schedule("0 * * * *")
    start = moment("2026-01-01 00:00")
    assert schedule.ticks_between(start, start + 2 * HOUR) == [start + HOUR, start + 2 * HOUR]
    assert schedule.ticks_between(start, start) == []
    assert schedule.ticks_between(start + HOUR, start) == []


def test_ticks_between_is_bounded() -> None:
    schedule = Schedule("* * * * *")
    start = moment("2026-01-01 00:00")
    assert schedule.ticks_between(start, start + DAY, limit=3) == [start + 60, start + 120, start + 180]
    assert len(schedule.ticks_between(start, start + 3650 * DAY)) == MAX_TICKS


def due(missed: str, expression: str, last: str, now: str) -> list[str]:
    ticks = Schedule(expression, "UTC", Missed(missed)).due(moment(last), moment(now))
    return [f"{datetime.fromtimestamp(tick, UTC):%d %H:%M}" for tick in ticks]


def test_missed_skip_fires_only_a_tick_of_the_last_minute() -> None:
    assert due("skip", "0 * * * *", "2026-01-01 00:00", "2026-01-01 05:00:30") == ["01 05:00"]
    assert due("skip", "0 * * * *", "2026-01-01 00:00", "2026-01-01 05:01:00") == ["01 05:00"]
    assert due("skip", "0 * * * *", "2026-01-01 00:00", "2026-01-01 05:01:01") == []
    assert due("skip", "* * * * *", "2026-01-01 00:00", "2026-01-01 05:00:30") == ["01 05:00"]


def test_missed_one_fires_the_latest_tick_only() -> None:
    assert due("one", "0 * * * *", "2026-01-01 00:00", "2026-01-01 05:59") == ["01 05:00"]
    assert due("one", "0 * * * *", "2026-01-01 05:00", "2026-01-01 05:59") == []


def test_missed_all_fires_every_tick_in_order() -> None:
    assert due("all", "0 * * * *", "2026-01-01 00:00", "2026-01-01 03:10") == [
        "01 01:00",
        "01 02:00",
        "01 03:00",
    ]


@pytest.mark.parametrize(
    ("expression", "days"),
    [("* * * * *", 1), ("*/7 * * * *", 6), ("* 1-3 * 1 *", 30), ("0,20,40 * * * 1-5", 30)],
)
def test_missed_all_fires_the_latest_thousand(expression: str, days: int) -> None:
    schedule = Schedule(expression, BERLIN, Missed.ALL)
    now = moment("2026-02-10 10:00")
    everything = schedule.ticks_between(now - days * DAY, now)
    assert len(everything) > MAX_MISSED
    assert schedule.due(now - days * DAY, now) == tuple(everything[-MAX_MISSED:])


@pytest.mark.parametrize("missed", list(Missed))
def test_a_year_without_a_ticker_is_worked_out_at_once(missed: Missed) -> None:
    schedule = Schedule("* * * * *", BERLIN, missed)
    ticks = schedule.due(moment("2025-01-01 00:00"), moment("2026-01-01 00:00:10"))
    assert ticks[-1] == moment("2026-01-01 00:00")
    assert len(ticks) == (MAX_MISSED if missed is Missed.ALL else 1)


@pytest.mark.parametrize("missed", list(Missed))
def test_a_clock_that_went_back_fires_nothing_twice(missed: Missed) -> None:
    schedule = Schedule("* * * * *", BERLIN, missed)
    assert schedule.due(moment("2026-01-01 01:00"), moment("2026-01-01 00:00")) == ()
    assert schedule.due(moment("2026-01-01 01:00"), moment("2026-01-01 01:00")) == ()


@pytest.mark.parametrize(
    "expression", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 */2", "* * * *", "@reboot"]
)
def test_an_expression_that_never_fires_is_refused(expression: str) -> None:
    with pytest.raises(ConfigurationError, match="cron expression"):
        Schedule(expression)


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/City", "europe/berlin", "Europe", "../../etc/passwd", "/etc/passwd", "\0"]
)
def test_an_unknown_zone_is_refused_and_named(zone: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Schedule("@daily", zone)
    assert repr(zone) in str(caught.value)


def test_policies_are_read_from_plain_strings() -> None:
    schedule = Schedule("@daily", "UTC", "all", "allow")  # type: ignore[arg-type]
    assert schedule.missed is Missed.ALL
    assert schedule.overlap is Overlap.ALLOW


@pytest.mark.parametrize("policies", [("some", "skip"), ("one", "queue")])
def test_an_unknown_policy_is_refused(policies: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"some|queue"):
        Schedule("@daily", "UTC", *policies)  # type: ignore[arg-type]


def test_by_default_one_missed_tick_is_made_up_for_and_runs_do_not_overlap() -> None:
    assert Schedule("@daily") == Schedule("@daily", "UTC", Missed.ONE, Overlap.SKIP)


def test_the_rules_are_told_to_the_operator_as_they_apply() -> None:
    nightly = Schedule("30 2 * * *", BERLIN).describe_rules()
    assert BERLIN in nightly
    assert "fires right after it" in nightly
    assert "once" in nightly
    assert "latest" in nightly
    hourly = Schedule("0 * * * *", BERLIN, Missed.SKIP, Overlap.ALLOW).describe_rules()
    assert "both times" in hourly
    assert "forgotten" in hourly
    assert "unfinished" not in hourly
    assert "clock" not in Schedule("0 * * * *", "UTC", Missed.ALL).describe_rules().replace("wall clock", "")
