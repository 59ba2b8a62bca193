"""Parked jobs: in which order they are let go, and what becomes of those that are changed meanwhile."""

import pytest

from runtime.model.rates import Rate
from runtime.model.records import Status
from runtime.store import control, parking, promotion, steering
from runtime.store.parking import LaneName
from runtime.store.type_limits import Kind
from tests.runtime.obedient import Obey
from tests.runtime.store.keyed import limit, statuses, take, troubles


@pytest.fixture(autouse=True)
def consistent(store):
    yield
    assert [trouble for trouble in troubles(store) if not trouble.startswith("stuck")] == []


def test_within_a_key_the_urgent_come_first_and_then_the_older(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    records = [store.enqueue(Obey(name="ada"), priority=priority) for priority in (9, 0, 5, 0)]
    order = []
    while taken := take(store):
        order += [job.id for job in taken]
        store.end(taken[0])

    assert order == [records[0].id, records[2].id, records[1].id, records[3].id]


def test_the_next_is_let_go_although_the_one_before_was_cancelled(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(3)]
    (first,) = take(store)
    store(control.cancel, ada[1].id)

    store.end(first)

    assert [job.id for job in take(store)] == [ada[2].id]


def test_a_head_that_was_let_go_and_cancelled_holds_up_nobody_for_long(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(3)]
    store.end(take(store)[0])
    store(control.cancel, ada[1].id)

    store.clock.time = store(promotion.next_due)
    store(promotion.promote, 100)

    assert [job.id for job in take(store)] == [ada[2].id]


def test_a_parked_job_with_another_priority_or_moment_tries_again(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(3)]
    (first,) = take(store)

    store(steering.prioritize, ada[2].id, 50)
    store(steering.reschedule, ada[1].id, store.now + 60)
    assert statuses(store, *ada[1:]) == [Status.SCHEDULED, Status.PENDING]
    assert take(store) == []
    store.end(first)

    assert [job.id for job in take(store)] == [ada[2].id]


def test_a_parked_job_that_was_cancelled_and_begins_anew_takes_its_turn(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(2)]
    (first,) = take(store)
    store(control.cancel, ada[1].id)
    store(control.retry, ada[1].id, 3)
    assert take(store) == []

    store.end(first)

    assert [job.id for job in take(store)] == [ada[1].id]


def test_without_the_limits_everything_parked_is_let_go(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    limit(store, Kind.KEY_RATE, Rate.parse("1/h:1"))
    for _ in range(5):
        store.enqueue(Obey(name="ada"))
    take(store)

    limit(store, Kind.KEY_CONCURRENCY, None)
    limit(store, Kind.KEY_RATE, None)
    store(promotion.promote, 100)

    assert len(take(store)) == 4


def test_each_lane_lets_go_of_its_first_as_many_as_it_may(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada, bob, eve = ([store.enqueue(Obey(name=name)) for _ in range(4)] for name in ("ada", "bob", "eve"))
    assert len(take(store, 20)) == 3
    store(control.cancel, bob[1].id)

    wanted = {LaneName("obey", f'"{name}"'): most for name, most in {"ada": 1, "bob": 2, "nobody": 2}.items()}
    gone = store(parking.let_go, wanted)

    assert {name.key: number for name, number in gone.items() if number} == {'"ada"': 1, '"bob"': 2}
    blocked, pending = Status.BLOCKED, Status.PENDING
    assert statuses(store, *ada[1:]) == [pending, blocked, blocked]
    assert statuses(store, *bob[1:]) == [Status.CANCELLED, pending, pending]
    assert statuses(store, *eve[1:]) == [blocked] * 3


def test_whoever_leaves_its_lane_is_not_in_it_any_more(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(2)]
    take(store)
    assert store(parking.lane_of, ada[1].id) == ("obey", '"ada"')
    assert store(parking.lane_of, ada[0].id) is None

    store(steering.reschedule, ada[1].id, store.now)

    assert store(parking.lane_of, ada[1].id) is None
    assert not store(parking.leave, ada[1].id)
