"""Promises of `runtime/model/lanes.py`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model.lanes import LONGEST_KEY, OF_TYPE, RECHECK, Bounds, Lane, key_text
from runtime.model.rates import Rate

NOW = 1_767_225_600.0
ONE_A_SECOND = Bounds(Rate.parse("1/s:1"))
ONE_AT_ONCE = Bounds(concurrency=1)

bounds = st.builds(
    Bounds,
    st.none() | st.builds(Rate, st.floats(0.1, 100), st.just("s"), st.integers(1, 20).map(float)),
    st.none() | st.integers(1, 5),
)
steps = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 10), st.integers(0, 10)), max_size=40)


def lane(of: Bounds = ONE_AT_ONCE, **changes) -> Lane:
    return Lane.new("mail", '"ada"', of, NOW)._replace(**changes)


@given(bounds, steps)
def test_never_more_start_than_the_rate_allows_in_any_window_nor_run_than_there_are_places(of, steps):
    one, now, starts = lane(of), NOW, []
    for pause, wanted, ends in steps:
        now += pause
        started = one.room(of, now, wanted)
        assert 0 <= started <= wanted
        one = one.admit(of, started, wanted - started, now)
        starts.append((now, started))
        assert of.concurrency is None or one.running <= of.concurrency
        one = one._replace(running=max(0, one.running - ends))

    if of.rate is not None:
        for first, (begin, _) in enumerate(starts):
            started = 0
            for end, number in starts[first:]:
                started += number
                assert started <= of.rate.rate * (end - begin) + of.rate.burst + 1e-6


@given(bounds, steps)
def test_whoever_is_parked_is_looked_at_again_and_let_go_by_and_by(of, steps):
    one, now = lane(of), NOW
    for pause, starts, parked in steps:
        now += pause
        one = one.admit(of, one.room(of, now, starts), parked, now)
        assert (one.opens_at is not None) == (one.parked > 0)

    for _ in range(one.parked + 1):
        if one.opens_at is None:
            break
        now, one = max(now, one.opens_at), one._replace(running=0)
        room = one.room(of, now, 1)
        one = one.let_go(of, room, room, now).admit(of, room, 0, now) if room else one.awaiting(of, now)
    assert one.parked == 0


def test_what_nothing_limits_has_room_for_all():
    assert lane(Bounds()).room(Bounds(), NOW, 7) == 7
    assert lane(Bounds()).admit(Bounds(), 7, 0, NOW).running == 0


def test_a_lane_with_parked_jobs_opens_when_its_token_is_there_if_it_has_a_place():
    spent = lane(ONE_A_SECOND).admit(ONE_A_SECOND, 1, 1, NOW)
    assert spent.opens_at == pytest.approx(NOW + 1)

    both = ONE_A_SECOND._replace(concurrency=1)
    taken = lane(both).admit(both, 1, 1, NOW)
    assert taken.opens_at == NOW + RECHECK, "whoever frees the place opens it"


def test_what_was_let_go_takes_its_tokens_when_it_starts_and_until_then_nothing_more_goes():
    waiting = lane(ONE_A_SECOND, parked=3, opens_at=NOW)
    one = waiting.let_go(ONE_A_SECOND, 1, 1, NOW)

    assert (one.parked, one.opens_at, one.bucket) == (2, NOW + RECHECK, waiting.bucket)
    assert one.admit(ONE_A_SECOND, 1, 0, NOW).opens_at == pytest.approx(NOW + 1)


def test_where_fewer_are_found_than_were_counted_nobody_is_parked_any_more():
    assert lane(parked=3, opens_at=NOW).let_go(ONE_AT_ONCE, 1, 2, NOW)[-2:] == (0, None)


def test_without_limits_the_rest_goes_at_once():
    assert lane(parked=3, opens_at=NOW).let_go(Bounds(), 2, 2, NOW)[-2:] == (1, NOW)


@given(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_key_fits_into_every_index_and_is_not_that_of_a_type(key):
    text = key_text(key)

    assert text.isascii()
    assert text != OF_TYPE
    assert len(text) <= LONGEST_KEY


@given(st.text(), st.text())
def test_two_keys_have_two_texts(one, other):
    assert (key_text(one) == key_text(other)) == (one == other)
    assert key_text(1) != key_text("1")


def test_long_keys_are_told_apart_though_they_begin_alike():
    texts = {key_text("a" * 5000 + end) for end in "xyz"}

    assert len(texts) == 3
    assert all(text.isascii() and len(text) < LONGEST_KEY for text in texts)


@pytest.mark.parametrize("key", [None, True, [], b"ada", math.nan, math.inf])
def test_a_key_is_text_or_a_number(key):
    with pytest.raises(TypeError, match="text or a finite number"):
        key_text(key)
