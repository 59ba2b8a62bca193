"""Retention: old finished jobs go with all that is theirs; what somebody may still need stays."""

from runtime.model.outcomes import Cancelled, Failed
from runtime.store import marks
from runtime.store.retention import DAY, prune_finished, prune_marks
from runtime.transaction import JobTransaction
from tests.runtime.obedient import Obey, Other
from tests.runtime.store.synchronous import TEXTS, Store


def ended(store: Store, outcome=None, **options) -> int:
    """A job that has ended so."""
    record = store.enqueue(Obey(), **options)
    (job,) = store.claim(1).jobs
    assert store.end(job, outcome)
    return record.id


def ids(store: Store) -> set[int]:
    return {job for (job,) in store.rows("SELECT id FROM jobs")}


def test_completed_and_cancelled_jobs_that_ended_before_the_moment_go(store):
    completed, cancelled = ended(store), ended(store, Cancelled("enough"))
    store.sleep(100)
    young = ended(store)

    assert store(prune_finished, store.now, 10) == 2
    assert ids(store) == {young}
    assert {completed, cancelled}.isdisjoint(ids(store))


def test_failed_and_unfinished_jobs_stay_however_old(store):
    failed = ended(store, Failed("x", final=True))
    scheduled, pending, running = (
        store.enqueue(Obey(), delay=1e6).id,
        store.enqueue(Other(), priority=0).id,
        store.enqueue(Obey(), priority=100).id,
    )
    assert [job.id for job in store.claim(1).jobs] == [running]
    store.sleep(1000 * DAY)

    assert store(prune_finished, store.now, 10) == 0
    assert ids(store) == {failed, scheduled, pending, running}


def test_the_oldest_go_first_and_no_more_than_asked(store):
    first = ended(store)
    store.sleep(1)
    second = ended(store)
    store.sleep(1)
    third = ended(store)
    store.sleep(1)

    assert store(prune_finished, store.now, 2) == 2
    assert ids(store) == {third}
    assert store(prune_finished, store.now, 2) == 1
    assert store(prune_finished, store.now, 2) == 0
    assert first < second < third


def test_a_jobs_attempts_and_its_key_go_with_it(store):
    record = store.enqueue(Obey(), key="k")
    (job,) = store.claim().jobs
    store.end(job, Cancelled("enough"))
    assert store.rows("SELECT job_id FROM job_attempts") == [(record.id,)]
    store.sleep(1)

    store(prune_finished, store.now, 10)

    assert store.rows("SELECT * FROM job_attempts") == []
    assert store.rows("SELECT * FROM job_keys") == []


def test_a_key_that_has_gone_to_another_job_stays_its(store):
    ended(store, key="k")
    store.sleep(1)
    heir = store.enqueue(Obey(), key="k")

    store(prune_finished, store.now, 10)

    assert ids(store) == {heir.id}
    assert store.enqueue(Obey(), key="k").duplicate


def test_a_job_whose_key_is_taken_for_a_period_stays_so_long(store):
    job = ended(store, key="k", unique_for=100)
    store.sleep(50)

    assert store(prune_finished, store.now, 10) == 0
    assert store.enqueue(Obey(), key="k").id == job

    store.sleep(51)
    assert store(prune_finished, store.now, 10) == 1


def test_pruned_jobs_are_no_longer_counted(store):
    ended(store), ended(store, Cancelled("enough"))
    store.sleep(1)
    store(prune_finished, store.now, 10)

    assert store.rows("SELECT * FROM job_counts WHERE count <> 0") == []


def test_an_id_is_not_given_out_again(store):
    last = ended(store)
    store.sleep(1)
    store(prune_finished, store.now, 10)

    assert store.enqueue(Obey()).id == last + 1


def test_of_the_bookkeeping_only_what_nobody_is_shown_goes(store):
    def note(tx: JobTransaction, word: str) -> None:
        tx.note("obey", word)
        marks.mark(tx, word, 1)
        tx.run("record_tick", name=word, tick_at=tx.now, job_id=None)

    def left(store):
        return [
            {word for (word,) in store.rows(f"SELECT {column} FROM {table}")}
            for column, table in (("outcome", "job_history"), ("key", "once_marks"), ("name", "cron_ticks"))
        ]

    store(note, "old")
    for days, expected in [
        (0.9, [{"old"}, {"old"}, {"old"}]),
        (1.1, [set(), {"old"}, {"old"}]),
        (30.1, [set(), set(), {"old"}]),
        (400.1, [set(), set(), set()]),
    ]:
        now = store.now
        store.sleep(days * DAY)
        store(prune_marks, 1000)
        assert left(store) == expected, days
        store.clock.time = now


def test_finding_what_may_go_reads_an_index_from_its_old_end(sqlite_store):
    values = {"before": 0.0, "now": 0.0, "most": 1}
    plan = [
        row[3]
        for row in sqlite_store.connection.execute(f"EXPLAIN QUERY PLAN {TEXTS['prunable_jobs']}", values)
    ]
    assert any("jobs_finished" in step for step in plan)
    assert not any("TEMP B-TREE" in step for step in plan)


def test_marks_and_ticks_go_a_few_at_a_time(store):
    for number in range(5):
        store(marks.mark, str(number), 1)
        store.execute("INSERT INTO cron_ticks VALUES ('x', ?, NULL)", number)
    store.sleep(1000 * DAY)

    assert [store(prune_marks, 2) for _ in range(3)] == [True, True, False]

    assert store.rows("SELECT * FROM once_marks") == []
    assert store.rows("SELECT * FROM cron_ticks") == []
