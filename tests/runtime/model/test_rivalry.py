"""Rivalry: two who refuse each other are kept apart, the longer the sooner it happened again."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.rivalry import FIRST_REST, LONGEST_REST, Rivalry


def apart_after(rivalry: Rivalry, now: float) -> float:
    """Seconds for which a refusal keeps them apart."""
    rivalry.refused(now)
    seconds = FIRST_REST
    while not rivalry.together(now + seconds * 1.001):
        seconds *= 2
    return seconds


def test_who_was_never_refused_writes_beside_the_other():
    assert Rivalry().together(0.0)


def test_one_refusal_keeps_them_apart_for_a_moment():
    rivalry = Rivalry()

    rivalry.refused(10.0)

    assert not rivalry.together(10.0)
    assert not rivalry.together(10.0 + FIRST_REST * 0.99)
    assert rivalry.together(10.0 + FIRST_REST * 1.01)


def test_refused_at_each_trial_they_are_soon_apart_for_most_of_the_time():
    rivalry, now, rests = Rivalry(), 0.0, []
    for _ in range(12):
        rests.append(apart_after(rivalry, now))
        now += min(rests[-1], LONGEST_REST) + 0.01

    assert rests[:4] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST, 8 * FIRST_REST]
    assert rests[-1] >= LONGEST_REST


def test_a_refusal_now_and_then_costs_a_moment_each():
    rivalry = Rivalry()

    assert [apart_after(rivalry, now) for now in (0.0, 100.0, 200.0)] == [FIRST_REST] * 3


def test_what_was_begun_before_they_were_kept_apart_counts_once():
    rivalry = Rivalry()
    for now in (0.0, 0.01, 0.02, 0.03):
        rivalry.refused(now)

    assert rivalry.together(FIRST_REST * 1.01)


@given(st.lists(st.floats(0, 100), max_size=50))
def test_they_are_never_apart_for_longer_than_the_longest_rest(gaps):
    rivalry, now = Rivalry(), 0.0
    for gap in gaps:
        now += gap
        rivalry.refused(now)

    assert rivalry.together(now + LONGEST_REST * 1.001)
