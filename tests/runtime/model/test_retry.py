"""Promises of `runtime/model/retry.py`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import ConfigurationError
from runtime.model.retry import MAX_CAP, Retry

chances = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, 100_000)


@st.composite
def retries(draw: st.DrawFn) -> Retry:
    cap = draw(st.floats(0, MAX_CAP))
    return Retry(
        base=draw(st.floats(0, cap)), factor=draw(st.floats(1, 1e300)), cap=cap, jitter=draw(st.floats(0, 1))
    )


@given(retries(), attempts, chances)
def test_a_delay_is_never_negative_nor_above_the_cap_with_its_jitter(
    retry: Retry, attempt: int, chance: float
) -> None:
    assert 0 <= retry.delay(attempt, chance) <= retry.cap * (1 + retry.jitter) * (1 + 1e-12)


@given(retries(), st.integers(1, 10_000), chances)
def test_a_later_attempt_never_waits_less_at_the_same_chance(
    retry: Retry, attempt: int, chance: float
) -> None:
    assert retry.delay(attempt + 1, chance) >= retry.delay(attempt, chance)


@given(st.integers(1, 9), chances, chances)
def test_by_default_each_delay_is_longer_than_the_one_before_until_the_cap(
    attempt: int, chance: float, later_chance: float
) -> None:
    retry = Retry()
    assert retry.base * retry.factor**attempt < retry.cap  # the cap is not reached by the later one
    assert retry.delay(attempt + 1, later_chance) > retry.delay(attempt, chance)


def test_by_default_it_waits_5_10_20_seconds_and_an_hour_at_most() -> None:
    assert [Retry().delay(attempt, 0.5) for attempt in (1, 2, 3, 11, 10_000)] == [5, 10, 20, 3600, 3600]


def test_chance_moves_a_delay_by_the_jitter_both_ways() -> None:
    retry = Retry(base=100, jitter=0.25)
    assert retry.delay(1, 0.0) == 75
    assert retry.delay(1, math.nextafter(1, 0)) == pytest.approx(125)


def test_without_jitter_chance_changes_nothing() -> None:
    assert Retry(jitter=0).delay(3, 0.0) == Retry(jitter=0).delay(3, 0.9) == 20


@pytest.mark.parametrize("factor", [1, 2, 2.0, 10, 1e300])
def test_attempt_ten_thousand_does_not_overflow(factor: float) -> None:
    assert Retry(base=0, factor=factor).delay(10_000, 0.5) == 0
    assert Retry(base=5, factor=factor, cap=60).delay(10_000, 0.5) == (5 if factor == 1 else 60)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"base": -1}, "base"),
        ({"base": math.nan}, "base"),
        ({"base": math.inf}, "base"),
        ({"factor": 0.5}, "factor"),
        ({"factor": math.nan}, "factor"),
        ({"factor": math.inf}, "factor"),
        ({"cap": -1}, "cap"),
        ({"cap": math.nan}, "cap"),
        ({"cap": math.inf}, "cap"),
        ({"base": 60, "cap": 59}, "below base"),
        ({"jitter": -0.1}, "jitter"),
        ({"jitter": 1.1}, "jitter"),
        ({"jitter": math.nan}, "jitter"),
    ],
)
def test_a_value_out_of_range_is_refused_and_named(options: dict[str, float], word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        Retry(**options)


def test_attempts_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        Retry().delay(0, 0.5)
