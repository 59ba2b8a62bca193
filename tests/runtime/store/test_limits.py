"""Rate limits: one bucket a type for all processes; an operator's word outweighs the application's."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import NotFound
from runtime.model.rates import Rate
from runtime.store import claims, limit_changes, limits
from runtime.store.limits import DECLARED
from runtime.store.subjects import CONTROL
from tests.runtime.obedient import Limited, Obey
from tests.runtime.store.synchronous import Store


def rate(text: str) -> Rate:
    return Rate.parse(text)


def told(store: Store) -> dict[str, tuple[str, float]]:
    return {limit.type: (limit.text, limit.tokens) for limit in store(limits.listed)}


@given(
    number=st.integers(1, 5), unit=st.sampled_from("sm"), burst=st.integers(1, 4),
    pauses=st.lists(st.floats(0, 40), min_size=10, max_size=30), seed=st.integers(0, 100),
)  # fmt: skip
@settings(deadline=None, max_examples=25)
def test_in_any_window_no_more_start_than_rate_times_seconds_plus_burst(number, unit, burst, pauses, seed):
    store, chance = Store(), random.Random(seed)
    limit = Rate(number, unit, burst)
    store(limits.change, "limited", limit)
    for _ in range(100):
        store.enqueue(Limited())
    starts = []
    for pause in pauses:
        store.sleep(pause)
        claimed = store.claim(chance.randrange(1, 9), worker=chance.choice(["w1", "w2"])).jobs
        starts += [store.now] * len(claimed)

    for first, began in enumerate(starts):
        for last in range(first, len(starts)):
            assert last - first + 1 <= (starts[last] - began) * limit.rate + burst + 1e-6


def test_a_claim_says_when_the_next_token_is_there_and_it_is(store):
    store(limits.change, "limited", rate("1/m:1"))
    store.enqueue(Limited())
    store.enqueue(Limited())
    assert len(store.claim().jobs) == 1

    none = store.claim()
    assert none.jobs == []
    store.clock.time = none.ready_at
    assert len(store.claim().jobs) == 1
    assert none.ready_at == pytest.approx(store.now)


def test_jobs_that_are_given_back_have_spent_their_tokens(store):
    """Otherwise a worker that claims and releases could start more than the limit allows."""
    store(limits.change, "limited", rate("1/m:1"))
    store.enqueue(Limited())
    store(claims.release, "w1", store.claim().jobs)

    assert store.claim().jobs == []


def test_a_clock_that_jumped_back_refills_from_then_on(store):
    store(limits.change, "limited", rate("1/s:1"))
    for _ in range(3):
        store.enqueue(Limited(), at=store.now - 9999)
    assert len(store.claim().jobs) == 1
    store.sleep(-3600)
    assert store.claim().jobs == []

    store.sleep(1)
    assert len(store.claim().jobs) == 1


def test_a_changed_limit_keeps_its_tokens_up_to_the_new_burst(store):
    store(limits.change, "limited", rate("1/h:10"))
    store(lambda tx: tx.run("save_bucket", type="limited", tokens=6.0, updated_at=tx.now))

    store(limits.change, "limited", rate("1/h:8"))
    assert told(store) == {"limited": ("1/h:8", pytest.approx(6))}
    store(limits.change, "limited", rate("1/h:2"))
    assert told(store) == {"limited": ("1/h:2", pytest.approx(2))}
    store(limits.change, "limited", rate("1/h:20"))
    assert told(store) == {"limited": ("1/h:20", pytest.approx(2))}


def test_the_same_limit_set_again_refills_nothing_and_wakes_nobody(store):
    store(limits.change, "limited", rate("1/h:1"))
    assert store.announced == {CONTROL}
    store.enqueue(Limited())
    store.claim()

    store(limits.change, "limited", rate("1/h:1"))

    assert store.announced == frozenset()
    assert told(store)["limited"][1] == pytest.approx(0, abs=0.01)


def test_a_removed_limit_limits_nobody(store):
    store(limits.change, "obey", rate("1/h:1"))
    for _ in range(5):
        store.enqueue(Obey())

    store(limit_changes.remove, "obey")

    assert store.announced == {CONTROL}
    assert told(store) == {}
    assert len(store.claim().jobs) == 5
    with pytest.raises(NotFound, match="no limit on obey"):
        store(limit_changes.remove, "obey")


def test_what_the_application_declares_holds_until_it_declares_otherwise(store):
    store(limits.declare, "limited", rate("1/m"))
    assert store(limits.is_declared, "limited", rate("1/m"))
    assert not store(limits.is_declared, "limited", rate("2/m"))

    store(limits.declare, "limited", rate("2/m"))
    assert told(store)["limited"][0] == "2/m"
    store(limits.declare, "limited", None)
    assert told(store) == {}
    assert store(limits.is_declared, "limited", None)


@pytest.mark.parametrize(("operators", "text"), [(Rate.parse("9/m"), "9/m"), (None, None)])
def test_what_an_operator_set_or_removed_outweighs_what_is_declared(store, operators, text):
    store(limits.declare, "limited", rate("1/m"))
    store(limits.change, "limited", operators)

    store(limits.declare, "limited", rate("2/m"))

    assert store(limits.is_declared, "limited", rate("2/m"))
    assert told(store).get("limited", (None,))[0] == text


def test_a_type_that_declares_no_limit_and_has_none_is_as_declared(store):
    assert store(limits.is_declared, "obey", None)
    store(limits.declare, "obey", None)
    assert store.rows("SELECT * FROM rate_limits") == []


def test_a_limit_says_what_it_is(store):
    store(limits.change, "limited", rate("120/m:10"), DECLARED)

    (limit,) = store(limits.listed)

    assert (limit.type, limit.rate, limit.burst, limit.text) == ("limited", 2.0, 10.0, "120/m:10")
    assert limit.tokens == pytest.approx(10)
