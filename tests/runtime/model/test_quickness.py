"""Whether something has lately been quick: nobody is kept waiting by what is slow, but now and then."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.quickness import DOUBT, MORE, QUICK, WEIGHT, Quickness

DURATIONS = st.floats(min_value=0.0, max_value=60.0)


def told(*durations: float) -> Quickness:
    made = Quickness()
    for seconds in durations:
        made.took(seconds)
    return made


def test_before_the_first_time_it_is_not_quick():
    assert not Quickness().quick()
    assert not Quickness().quick(1000)


def test_as_long_as_all_are_quick_it_is_and_one_that_takes_a_little_longer_is_forgiven():
    assert told(QUICK).quick()
    assert told(QUICK / 2, 4 * QUICK).quick()


@given(st.floats(min_value=1.01 * QUICK, max_value=60.0), st.integers(min_value=1, max_value=200))
def test_of_what_is_always_slow_nobody_is_kept_waiting(slow, number):
    assert not told(*[slow] * number).quick()


@given(st.integers(min_value=1, max_value=1000))
def test_each_that_shares_a_time_lets_it_take_a_little_longer(sharing):
    most = QUICK + MORE * (sharing - 1)

    assert told(0.99 * most).quick(sharing)
    assert not told(1.01 * most).quick(sharing)


@given(st.lists(DURATIONS, min_size=1, max_size=50), DURATIONS)
def test_a_time_that_may_have_been_shorter_never_makes_it_slower(before, seconds):
    exact, at_most = told(*before), told(*before)
    at_most.took_at_most(seconds)

    for sharing in range(1, 100_000, 1000):
        assert at_most.quick(sharing) or not exact.quick(sharing)


@given(st.floats(min_value=1.01 * QUICK, max_value=60.0))
def test_where_nothing_exact_is_heard_any_more_what_was_slow_is_forgotten_but_slowly(slow):
    made = told(slow)
    needed = 0
    while not made.quick():
        made.took_at_most(60.0)
        needed += 1

    assert needed >= math.floor(math.log(slow / QUICK) / -math.log(1 - DOUBT))
    assert needed <= 1000


def test_the_first_time_counts_however_it_was_taken():
    made = Quickness()
    made.took_at_most(QUICK)

    assert made.quick()


@given(st.lists(DURATIONS, max_size=50), st.floats(min_value=16 * QUICK, max_value=60.0))
def test_after_one_that_is_far_too_long_it_takes_the_more_quick_ones_the_longer_it_was(before, slow):
    made = told(*before, slow)

    needed = 0
    while not made.quick():
        made.took(0.0)
        needed += 1

    assert needed >= math.floor(math.log(slow * WEIGHT / QUICK) / -math.log(1 - WEIGHT))


@given(st.lists(DURATIONS, max_size=300))
def test_who_waits_only_while_it_is_quick_waits_seldom_for_long(durations):
    """Whatever the disk does: at most one commit in six waits for more than 16 times `QUICK`."""
    made, long_waits = Quickness(), []
    for number, seconds in enumerate(durations):
        if made.quick() and seconds > 16 * QUICK:
            long_waits.append(number)
        made.took(seconds)

    assert all(later - earlier >= 6 for earlier, later in pairwise(long_waits))


@given(st.lists(DURATIONS, min_size=1, max_size=50))
def test_what_has_become_quick_is_found_to_be_so_in_the_end(before):
    assert told(*before, *[QUICK / 2] * 150).quick()
