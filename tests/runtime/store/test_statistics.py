"""Statistics: what the counters say is what happened; the price does not grow with the jobs."""

import pytest

from runtime.model.outcomes import Cancelled, Failed, Interrupted, Snoozed, TimedOut
from runtime.model.records import Status, TypeCount
from runtime.store import dead_letters, endings, statistics
from runtime.transaction import JobTransaction
from tests.runtime.obedient import Obey, Other
from tests.runtime.store.synchronous import Store


@pytest.fixture
def store(store):
    store.clock.time = 29_453_760 * 60.0  # a whole minute
    return store


def ends(store: Store, *outcomes) -> None:
    """Jobs that end so."""
    for outcome in outcomes:
        store.enqueue(Obey())
        (job,) = store.claim(1).jobs
        assert store.end(job, outcome)


def test_an_empty_queue_is_all_zeros(store):
    stats = store(statistics.stats)

    assert (stats.pending, stats.completed, stats.failure_rate, stats.completed_per_minute) == (
        0,
        0,
        0.0,
        0.0,
    )
    assert stats.oldest_pending_seconds is None
    assert stats.by_type == ()


def test_jobs_are_counted_by_type_and_status(store):
    store.enqueue(Obey(), delay=60)
    ends(store, None, Failed("x", final=True), Cancelled("x"))
    store.enqueue(Other()), store.enqueue(Other())
    store.enqueue(Obey(), priority=100)
    store.claim(1)

    stats = store(statistics.stats)

    assert (stats.scheduled, stats.pending, stats.processing, stats.blocked) == (1, 2, 1, 0)
    assert (stats.completed, stats.failed, stats.cancelled) == (1, 1, 1)
    assert set(stats.by_type) == {
        TypeCount(type="other", status=Status.PENDING, count=2),
        *(
            TypeCount(type="obey", status=status, count=1)
            for status in Status
            if status not in {Status.PENDING, Status.BLOCKED}
        ),
    }


def test_the_last_hour_slides_by_minutes(store):
    ends(store, None, Failed("x"))
    store.sleep(59 * 60)
    ends(store, None)
    stats = store(statistics.stats)
    assert (stats.completed_last_hour, stats.failed_last_hour) == (2, 1)

    store.sleep(60)
    stats = store(statistics.stats)
    assert (stats.completed_last_hour, stats.failed_last_hour) == (1, 0)


def test_failures_are_attempts_that_failed_timed_out_or_crashed(store):
    ends(store, None, None, None, Failed("x"), TimedOut(1), Cancelled("x"), Snoozed(9, ""), Interrupted("x"))
    store.claim(1)
    store(endings.rescue, "w1", "it died", None)

    stats = store(statistics.stats)

    assert (stats.completed_last_hour, stats.failed_last_hour) == (3, 3)
    assert stats.failure_rate == 0.5


def test_the_rate_is_the_mean_of_the_last_five_whole_minutes(store):
    ends(store, None)  # before them
    store.sleep(60)
    ends(store, *[None] * 9)
    store.sleep(4 * 60)
    ends(store, None)
    store.sleep(60)
    ends(store, *[None] * 100)  # in the minute that is not over

    assert store(statistics.stats).completed_per_minute == 10 / 5


def test_the_oldest_pending_job_is_the_one_due_longest(store):
    store.enqueue(Obey(), at=store.now - 10)
    store.enqueue(Other(), at=store.now - 90, priority=0)
    store.enqueue(Obey(), at=store.now - 50, priority=100)
    store.enqueue(Obey(), delay=10)

    assert store(statistics.stats).oldest_pending_seconds == 90


def test_a_clock_that_went_back_makes_nothing_wait_a_negative_time(store):
    store.enqueue(Obey())
    store.sleep(-100)

    assert store(statistics.stats).oldest_pending_seconds == 0


def test_dead_letters_count_until_somebody_has_looked_at_them(store):
    ends(store, Failed("x", final=True), Failed("x", final=True))
    assert store(statistics.stats).unreviewed_dead_letters == 2

    store(dead_letters.review, 1)

    assert store(statistics.stats).unreviewed_dead_letters == 1


def test_no_statistic_reads_the_jobs_one_by_one(sqlite_store):
    """Counted in steps of the engine: a thousand jobs more cost not one more."""

    def steps() -> int:
        total = 0

        def count() -> bool:
            nonlocal total
            total += 1
            return False

        sqlite_store.connection.set_progress_handler(count, 1)
        sqlite_store(statistics.stats)
        sqlite_store.connection.set_progress_handler(None)
        return total

    sqlite_store(JobTransaction.enqueue_many, [Obey()] * 10)
    steps()  # the first time prepares, which takes steps too
    few = steps()
    sqlite_store(JobTransaction.enqueue_many, [Obey()] * 1000)

    assert steps() == few
