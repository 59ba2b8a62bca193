"""Promises of `runtime/model/rates.py`."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runtime.errors import InvalidInput
from runtime.model.rates import CLOCK_TOLERANCE, LARGEST, SMALLEST, Bucket, Rate

NOW = 1_767_225_600.0

rates = st.builds(
    Rate,
    st.one_of(st.integers(1, 10_000).map(float), st.floats(SMALLEST, LARGEST)),
    st.sampled_from("smh"),
    st.one_of(st.integers(1, 1000).map(float), st.floats(1, LARGEST)),
)
busy_rates = st.builds(Rate, st.floats(0.1, 500), st.sampled_from("sm"), st.floats(1, 30))


@pytest.mark.parametrize(
    ("text", "rate", "burst"),
    [
        ("120/m", 2.0, 120),
        ("120/m:10", 2.0, 10),
        ("20/s:20", 20.0, 20),
        ("7200/h:10", 2.0, 10),
        ("0.5/s", 0.5, 1),
        ("1.5/s:2.5", 1.5, 2.5),
        (" 60/m ", 1.0, 60),
        ("1/h", 1 / 3600, 1),
    ],
)
def test_a_rate_reads_as_starts_a_second_and_a_burst(text: str, rate: float, burst: float) -> None:
    parsed = Rate.parse(text)
    assert parsed.rate == pytest.approx(rate)
    assert parsed.burst == burst


def test_the_burst_is_the_number_but_never_less_than_one_job() -> None:
    assert Rate.parse("120/m").burst == 120
    assert Rate.parse("0.1/s").burst == 1


def test_a_burst_given_apart_wins() -> None:
    assert Rate.parse("120/m", 10) == Rate.parse("120/m:10") == Rate.parse("120/m:50", 10)


@pytest.mark.parametrize("text", ["120/m", "120/m:10", "7200/h:10", "0.5/s", "1.5/s:2.5", "20/s"])
def test_a_rate_is_written_as_it_was_read(text: str) -> None:
    assert str(Rate.parse(text)) == text


@given(rates)
def test_what_is_written_reads_back_equal(rate: Rate) -> None:
    assert Rate.parse(str(rate)) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "off", "120", "120/", "/m", "120/d", "120/M", "120 / m", "-1/s", "+1/s", "0/s", "0.0/m"),
        *("nan/s", "inf/s", "1e3/s", "1/s:", "1/s:0", "1/s:0.5", "1/s:-1", "1/s:inf", "1/s:nan", "1/s:2:3"),
        *("1.2.3/s", ".5/s", "5./s", "1,5/s", "٣/s", "1/s\n2/s", "1_000/s", "9" * 400 + "/s", "1000000001/s"),
    ],
)
def test_bad_text_is_refused_with_a_sentence_and_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Rate.parse(text)
    assert [error.field for error in caught.value.errors] == ["rate"]
    assert caught.value.errors[0].message == str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("burst", [0.0, 0.5, -1.0, math.nan, math.inf])
def test_a_burst_given_apart_is_checked_too(burst: float) -> None:
    with pytest.raises(InvalidInput, match="burst"):
        Rate.parse("1/s", burst)


@given(st.text(max_size=30))
def test_any_text_is_a_rate_that_works_or_refused_as_input(text: str) -> None:
    try:
        parsed = Rate.parse_or_off(text)
    except InvalidInput:
        return
    assert parsed is None or (parsed.rate > 0 and parsed.burst >= 1)


def test_off_is_no_limit() -> None:
    assert Rate.parse_or_off("off") is None
    assert Rate.parse_or_off("2/s") == Rate.parse("2/s")


def test_a_new_bucket_is_full() -> None:
    assert Bucket.full(Rate.parse("120/m:10"), NOW).whole() == 10


def test_a_bucket_refills_at_its_rate_up_to_its_burst() -> None:
    rate = Rate.parse("120/m:10")
    bucket = Bucket(0, NOW)
    assert bucket.refilled(rate, NOW + 3) == Bucket(6, NOW + 3)
    assert bucket.refilled(rate, NOW + 3600) == Bucket(10, NOW + 3600)


def test_a_lower_burst_takes_effect_at_once() -> None:
    assert Bucket(100, NOW).refilled(Rate.parse("120/m:10"), NOW).tokens == 10


def test_a_clock_that_jumped_back_adds_nothing_and_is_believed() -> None:
    rate = Rate.parse("1/s")
    bucket = Bucket(0, NOW).refilled(rate, NOW - 3600)
    assert bucket == Bucket(0, NOW - 3600)
    assert bucket.refilled(rate, NOW - 3599).whole() == 1


def test_a_reader_slightly_behind_does_not_make_the_same_second_count_twice() -> None:
    rate = Rate.parse("10/s:100")
    bucket = Bucket(0, NOW)
    for _ in range(100):  # two processes that disagree by 10 ms take turns
        bucket = bucket.refilled(rate, NOW - 0.01).refilled(rate, NOW)
    assert bucket == Bucket(0, NOW)


def test_taking_more_than_is_there_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot take 3 of 2"):
        Bucket(2.9, NOW).take(3)
    with pytest.raises(ValueError, match="cannot take -1"):
        Bucket(2.9, NOW).take(-1)


def test_what_only_rounding_keeps_from_being_a_token_is_one() -> None:
    assert Bucket(sum([0.1] * 10), NOW).whole() == 1


def test_a_bucket_in_debt_has_no_tokens() -> None:
    assert Bucket(-5, NOW).whole() == 0


def test_with_a_token_there_it_is_ready_now() -> None:
    assert Bucket(1, NOW).ready_at(Rate.parse("1/h"), NOW + 5) == NOW + 5


def test_without_one_it_is_ready_when_the_rest_has_come() -> None:
    assert Bucket(0.5, NOW).ready_at(Rate.parse("2/s"), NOW) == pytest.approx(NOW + 0.25)


@given(rates, st.floats(-1, 1), st.floats(-10, 1000))
def test_at_the_moment_it_is_said_to_be_ready_a_token_is_there(
    rate: Rate, tokens: float, later: float
) -> None:
    bucket = Bucket(tokens, NOW)
    ready = bucket.ready_at(rate, NOW + later)
    assert ready >= NOW + later
    assert bucket.refilled(rate, NOW + later).refilled(rate, ready).whole() >= 1


@given(rates, st.floats(0, 0.99), st.floats(0.01, 0.99))
def test_before_that_moment_no_token_is_there(rate: Rate, tokens: float, part: float) -> None:
    bucket = Bucket(min(tokens, rate.burst), NOW)
    ready = bucket.ready_at(rate, NOW)
    assume(ready - NOW > 1e-3)
    assert bucket.refilled(rate, NOW + (ready - NOW) * part).whole() == 0


@settings(deadline=None)
@given(
    busy_rates,
    st.lists(
        st.tuples(st.one_of(st.floats(0, 0.2), st.floats(0, 20)), st.floats(0, CLOCK_TOLERANCE / 2)),
        max_size=40,
    ),
)
def test_in_any_window_at_most_rate_times_seconds_plus_burst_jobs_start(
    rate: Rate, readings: list[tuple[float, float]]
) -> None:
    bucket = Bucket.full(rate, NOW)
    true_time = latest = NOW
    starts = [(NOW, 0)]
    for step, lag in readings:  # several processes whose clocks lag behind by less than the tolerance
        true_time += step
        latest = max(latest, true_time - lag)
        bucket = bucket.refilled(rate, true_time - lag)
        starts.append((latest, bucket.whole()))
        bucket = bucket.take(bucket.whole())
    for first, (begin, _) in enumerate(starts):
        started = 0
        for end, count in starts[first:]:
            started += count
            assert started <= rate.rate * (end - begin) + rate.burst + 1e-6


@given(st.floats(0.1, 50), st.integers(1, 20))
def test_a_thousand_starts_at_their_ready_moments_keep_the_rate_without_drift(
    per_second: float, burst: int
) -> None:
    rate = Rate(per_second, "s", burst)
    bucket = Bucket.full(rate, NOW)
    now = NOW
    for _ in range(300 + burst):
        now = bucket.ready_at(rate, now)
        bucket = bucket.refilled(rate, now).take(1)
    assert now - NOW == pytest.approx(300 / per_second, rel=1e-4)
