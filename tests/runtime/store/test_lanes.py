"""Limits of types and of the keys of their jobs: places and tokens that hold for all processes together."""

from collections import Counter

import pytest

from runtime.errors import NotFound
from runtime.model.outcomes import Cancelled, Failed, Snoozed
from runtime.model.rates import Rate
from runtime.model.records import Status
from runtime.store import claims, endings, limit_changes, limits, promotion, retention, waiting
from runtime.store.type_limits import Kind
from tests.runtime.obedient import Limited, Obey, Other
from tests.runtime.store.keyed import NOTE, asked, limit, statuses, take, troubles
from tests.runtime.store.synchronous import request


@pytest.fixture(autouse=True)
def consistent(store):
    yield
    assert [trouble for trouble in troubles(store) if not trouble.startswith("stuck")] == []


# Types


def test_no_more_of_a_type_run_than_its_concurrency(store):
    limit(store, Kind.CONCURRENCY, 2)
    for _ in range(5):
        store.enqueue(Obey())
    store.enqueue(Other())

    first = store.claim(worker="w1").jobs
    assert Counter(job.type for job in first) == {"obey": 2, "other": 1}
    assert store.claim(worker="w2").jobs == []

    store.end(next(job for job in first if job.type == "obey"), worker="w1")
    assert [job.type for job in store.claim(worker="w2").jobs] == ["obey"]


@pytest.mark.parametrize("outcome", [Failed("no"), Snoozed(5, "later")])
def test_however_a_run_ends_its_place_is_free(store, outcome):
    limit(store, Kind.CONCURRENCY, 1)
    store.enqueue(Obey())
    store.enqueue(Obey())
    (job,) = store.claim().jobs

    store.end(job, outcome)

    assert len(store.claim().jobs) == 1


def test_a_place_is_free_when_its_job_is_released_or_its_worker_dies(store):
    limit(store, Kind.CONCURRENCY, 1)
    store.enqueue(Obey())
    store(claims.release, "w1", store.claim().jobs)
    (job,) = store.claim(worker="w2").jobs

    store(endings.rescue, "w2", "gone", None)

    assert [again.id for again in store.claim(worker="w3").jobs] == [job.id]


def test_a_late_ending_of_an_earlier_claim_frees_nothing(store):
    limit(store, Kind.CONCURRENCY, 1)
    store.enqueue(Obey())
    (stale,) = store.claim(worker="w2").jobs
    store(endings.rescue, "w2", "gone", None)
    store.claim(worker="w3")
    store.enqueue(Obey())

    assert not store.end(stale, worker="w2")
    assert store.claim(worker="w4").jobs == []


def test_what_runs_when_a_limit_is_set_counts(store):
    for _ in range(4):
        store.enqueue(Obey())
    running = store.claim(2).jobs
    limit(store, Kind.CONCURRENCY, 2)
    assert store.claim().jobs == []

    store.end(running[0])
    assert len(store.claim().jobs) == 1


def test_a_place_of_a_run_that_ended_while_the_limit_was_set_is_free_soon(store):
    store.enqueue(Obey())
    store.enqueue(Obey())
    (ended,) = store.claim(1).jobs
    limit(store, Kind.CONCURRENCY, 1)
    # As where another worker's ending did not see the place that its run was just given.
    (place,) = store.rows("SELECT job_id, key, type, claims FROM lane_slots")
    store.execute("DELETE FROM lane_slots")
    store.end(ended)
    store.execute("INSERT INTO lane_slots (job_id, key, type, claims) VALUES (?, ?, ?, ?)", *place)
    assert store.claim().jobs == []

    store.clock.time = store(promotion.next_due)
    store(promotion.promote, 100)

    assert len(store.claim().jobs) == 1
    assert store(promotion.next_due) is None


def test_without_the_limit_all_may_run(store):
    limit(store, Kind.CONCURRENCY, 1)
    for _ in range(3):
        store.enqueue(Obey())
    store.claim()

    limit(store, Kind.CONCURRENCY, None)

    assert len(store.claim().jobs) == 2


def test_whoever_waits_for_a_place_is_told(store):
    limit(store, Kind.CONCURRENCY, 1)
    store.enqueue(Obey())
    waits = store.enqueue(Obey())
    store.claim()

    assert store(waiting.wait_reason, store.job(waits.id), frozenset({"obey"})) == "concurrency: 1 of 1 run"


# Keys


def test_one_key_does_not_hold_up_another(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(3)]
    bob = store.enqueue(Obey(name="bob"))

    taken = take(store)

    assert [job.id for job in taken] == [ada[0].id, bob.id]
    assert statuses(store, *ada) == [Status.PROCESSING, Status.BLOCKED, Status.BLOCKED]


def test_whoever_frees_a_place_lets_the_next_of_its_key_go(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    ada = [store.enqueue(Obey(name="ada")) for _ in range(3)]
    (first,) = take(store)

    store.end(first)
    assert statuses(store, *ada) == [Status.COMPLETED, Status.PENDING, Status.BLOCKED]

    (second,) = take(store)
    assert (second.id, second.attempts) == (ada[1].id, 0)


def test_a_key_s_rate_is_held_and_its_next_job_starts_when_a_token_is_there(store):
    limit(store, Kind.KEY_RATE, Rate.parse("1/m:1"))
    ada = [store.enqueue(Obey(name="ada")) for _ in range(3)]
    assert len(take(store)) == 1
    parked = store.job(ada[1].id)
    reason = store(waiting.wait_reason, parked, frozenset({"obey"}))
    assert reason.startswith('rate limit of key "ada" (1/m): the next token at ')

    store.clock.time = store(promotion.next_due)
    store(promotion.promote, 100)
    assert [job.id for job in take(store)] == [ada[1].id]
    store.sleep(30)
    store(promotion.promote, 100)
    assert take(store) == []


def test_after_an_outage_a_key_does_not_burst(store):
    limit(store, Kind.KEY_RATE, Rate.parse("1/s:2"))
    for _ in range(20):
        store.enqueue(Obey(name="ada"))
    take(store)

    store.sleep(3600)
    store(promotion.promote, 1000)

    assert len(take(store, 20)) == 2


def test_a_flood_of_one_key_is_put_aside_while_others_are_taken(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    for _ in range(300):
        store.enqueue(Obey(name="ada"))
    store.enqueue(Other())

    assert Counter(job.type for job in take(store)) == {"obey": 1, "other": 1}
    while store.claim(keys=NOTE).flooded:
        pass
    assert store.rows("SELECT COUNT(*) FROM jobs WHERE status = 'pending'") == [(0,)]


def test_jobs_without_a_key_are_not_limited(store):
    limit(store, Kind.KEY_CONCURRENCY, 1)
    for _ in range(3):
        store.enqueue(Obey())

    assert len(store.claim(keys={"obey": lambda _payload: None}).jobs) == 3


def test_idle_lanes_go(store):
    limit(store, Kind.KEY_RATE, Rate.parse("1/s:2"))
    for name in "abc":
        store.enqueue(Obey(name=name))
    for job in take(store):
        store.end(job)

    store(retention.prune_marks, 100)
    assert store.rows("SELECT COUNT(*) FROM lanes") == [(3,)]
    store.sleep(3)
    store(retention.prune_marks, 100)
    assert store.rows("SELECT COUNT(*) FROM lanes") == [(0,)]


# In which order: so that no two workers wait for each other


def test_without_limits_neither_claims_nor_endings_enter_the_lanes(store):
    for _ in range(3):
        store.enqueue(Obey())
    claimed = asked(store, claims.claim, request(most=1))
    failed, *done = store.claim().jobs

    ended = asked(store, endings.finish_many, "w1", [store.ending(job) for job in done])
    failed = asked(store, endings.finish, "w1", store.ending(failed, Failed("no")))

    assert not any("enter" in name for name in [*claimed, *ended])
    assert len([name for name in [*claimed, *ended] if "lane" in name]) == 1, "one look for a whole batch"
    assert [name for name in failed if "lane" in name] == ["enter_lanes_of"]


def test_lanes_are_entered_before_a_rate_is_held(store):
    limit(store, Kind.KEY_CONCURRENCY, 1, "other")
    store(limits.change, "limited", Rate.parse("5/s"))
    store.enqueue(Limited())

    claimed = asked(store, claims.claim, request())

    assert claimed.index("enter_lanes") < claimed.index("hold_limit")


def test_lanes_are_entered_before_dependants_are_counted_down(store):
    limit(store, Kind.KEY_CONCURRENCY, 1, "other")
    parents = [store.enqueue(Obey()) for _ in range(2)]
    store.enqueue(Obey(), depends_on=[parent.id for parent in parents])
    one, other = store.claim().jobs

    completed = asked(store, endings.finish_many, "w1", [store.ending(one)])
    discarded = asked(store, endings.finish, "w1", store.ending(other, Cancelled("no")))

    assert completed.index("enter_lanes_if_limited") < completed.index("count_down")
    assert discarded.index("enter_lanes_if_limited") < discarded.index("cancel_edges")


# Operators


def test_limits_are_listed_and_removed_by_kind(store):
    store(
        limit_changes.apply,
        "obey",
        Rate.parse("5/s"),
        {Kind.CONCURRENCY: 3, Kind.KEY_RATE: Rate.parse("1/s")},
    )
    store(limit_changes.remove, "obey", [Kind.KEY_RATE], rate=False)

    (record,) = store(limit_changes.listed)
    assert (record.text, record.concurrency, record.running, record.key_rate) == ("5/s", 3, 0, None)
    store(limit_changes.remove, "obey")
    assert store(limit_changes.listed) == []
    with pytest.raises(NotFound):
        store(limit_changes.remove, "obey")


def test_what_an_operator_set_stands_against_the_application(store):
    declared = {"obey": {Kind.CONCURRENCY: 3}}
    store(limit_changes.declare, declared)
    assert store(limit_changes.is_declared, declared)
    limit(store, Kind.CONCURRENCY, 7)
    store(limit_changes.declare, declared)
    assert store(limit_changes.listed)[0].concurrency == 7

    limit(store, Kind.CONCURRENCY, None)
    store(limit_changes.declare, declared)
    assert store(limit_changes.listed) == []
