"""The rhythm of one who acts on hints: at once where they are few, together where they are many."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.model.pace import FIRST_REST, LONGEST_REST, QUICK_ACTS, QUICK_ACTS_AFTER_A_FAILURE, SOON, Pace


def acts(pace: Pace, number: int, hints_a_second: float, began: float = 0.0) -> list[tuple[float, float]]:
    """When each act begins and how long it rests, if one takes a millisecond and hints come steadily."""
    now, rests = began, []
    for _ in range(number):
        since = 0.001 if not rests else max(rests[-1][1], 0.001, 1 / hints_a_second)
        now += since
        rests.append((now, pace.acted(now, int(since * hints_a_second + 1e-9))))
    return rests


def test_who_hears_of_something_now_and_then_never_rests():
    assert {rest for _, rest in acts(Pace(), 500, hints_a_second=100)} == {0.0}


def test_where_hints_come_thick_and_fast_the_rests_grow_to_the_longest():
    rests = [rest for _, rest in acts(Pace(), 20, hints_a_second=1000)]
    assert rests[:QUICK_ACTS] == [0.0] * QUICK_ACTS
    assert rests[QUICK_ACTS] == FIRST_REST
    assert rests[-1] == LONGEST_REST
    assert rests == sorted(rests)


def test_where_each_hint_follows_from_the_act_before_a_rest_is_tried_seldom():
    pace, now, rested = Pace(), 0.0, 0.0
    for _ in range(1000):
        rest = pace.acted(now, 1)
        rested += rest
        now += rest + 0.001
    assert rested <= (1 + 1000 / QUICK_ACTS_AFTER_A_FAILURE) * FIRST_REST


def test_when_hints_get_few_again_the_rests_end():
    pace = Pace()
    (*_, (now, rest)) = acts(pace, 20, hints_a_second=1000)
    assert rest == LONGEST_REST
    assert pace.acted(now + rest + 0.001, 1) == 0.0


def test_after_a_quiet_time_all_begins_anew():
    pace = Pace()
    (*_, (now, rest)) = acts(pace, 20, hints_a_second=1000)
    assert pace.acted(now + rest + SOON + 0.001, 50) == 0.0
    assert [rest for _, rest in acts(pace, QUICK_ACTS - 1, 1000, now + 1)] == [0.0] * (QUICK_ACTS - 1)


@given(
    st.lists(
        st.tuples(st.floats(min_value=0.0, max_value=0.1), st.integers(min_value=0, max_value=1000)),
        max_size=300,
    )
)
def test_no_rest_is_longer_than_the_longest_and_none_follows_an_act_that_stands_alone(steps):
    pace, now, rest = Pace(), 0.0, 0.0
    for pause, hints in steps:
        now += rest + pause
        alone = pause > SOON + 1e-9
        rest = pace.acted(now, hints)
        assert 0.0 <= rest <= LONGEST_REST
        if alone:
            assert rest == 0.0
