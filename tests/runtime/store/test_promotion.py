"""Promotion: scheduled jobs become pending when they are due, in order and in batches."""

from runtime.store import promotion
from runtime.store.subjects import DUE
from tests.runtime.obedient import Obey, Other
from tests.runtime.store.synchronous import TEXTS, Store


def statuses(store: Store) -> dict[int, str]:
    return dict(store.rows("SELECT id, status FROM jobs"))


def test_nothing_is_due_where_nothing_is_scheduled(store):
    store.enqueue(Obey())

    assert store(promotion.next_due) is None
    assert store(promotion.promote, 10) == 0
    assert store.announced == frozenset()


def test_the_next_one_is_the_earliest_of_all_types_and_priorities(store):
    store.enqueue(Obey(), delay=50, priority=100)
    store.enqueue(Other(), delay=20)

    assert store(promotion.next_due) == store.now + 20


def test_a_job_is_promoted_at_its_moment_and_not_before(store):
    job = store.enqueue(Obey(), delay=10).id

    store.sleep(9.999)
    assert store(promotion.promote, 10) == 0
    store.sleep(0.001)
    assert store(promotion.promote, 10) == 1

    assert store.announced == {DUE}
    assert statuses(store) == {job: "pending"}
    assert store.job(job).scheduled_at == store.now, "its place in the order is its due time"


def test_a_batch_takes_the_earliest_and_leaves_the_rest(store):
    late, early, middle = (store.enqueue(Obey(), delay=delay).id for delay in (30, 10, 20))
    store.sleep(100)

    assert store(promotion.promote, 2) == 2
    assert statuses(store) == {late: "scheduled", early: "pending", middle: "pending"}
    assert store(promotion.promote, 2) == 1


def test_the_counters_go_along(store):
    for model in (Obey, Obey, Other):
        store.enqueue(model(), delay=1)
    store.sleep(1)
    store(promotion.promote, 10)

    assert store.rows("SELECT type, status, count FROM job_counts WHERE count <> 0 ORDER BY type") == [
        ("obey", "pending", 2),
        ("other", "pending", 1),
    ]


def test_looking_for_what_is_due_sorts_nothing_and_reads_the_front_of_an_index(sqlite_store):
    for name, parameters in (("promote_due", {"now": 0.0, "most": 1}), ("next_due", None)):
        plan = [
            row[3] for row in sqlite_store.connection.execute(f"EXPLAIN QUERY PLAN {TEXTS[name]}", parameters)
        ]
        assert any("jobs_scheduled" in step for step in plan), plan
        assert not any("TEMP B-TREE" in step for step in plan), plan
        assert not any(step.startswith("SCAN") and "INDEX" not in step for step in plan), plan
