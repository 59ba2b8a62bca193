"""Deadlines: who misses one while waiting is cancelled, by the expirer or by a claim that comes first."""

import pytest

from runtime.model.outcomes import Failed, Interrupted, TimedOut
from runtime.model.records import Status
from runtime.store import control, deadlines, steering
from runtime.store.subjects import DEADLINE, FINISHED
from tests.runtime.obedient import Obey, Other


def counts(store):
    return dict(store.rows("SELECT status, count FROM job_counts WHERE type = 'obey' AND count <> 0"))


def test_a_job_not_started_in_time_is_cancelled_with_the_reason(store):
    job = store.enqueue(Obey(), expires=10)
    assert DEADLINE in store.announced
    assert store(deadlines.next_moment) == store.now + 10
    store.sleep(9)
    assert store(deadlines.expire, 10) == 0
    store.sleep(1)

    assert store(deadlines.expire, 10) == 1

    record = store.job(job.id)
    assert (record.status, record.completed_at) == (Status.CANCELLED, store.now)
    assert record.last_error == "expired: not started by 2026-01-01T00:00:10.000Z"
    assert counts(store) == {"cancelled": 1}
    assert store.announced == {FINISHED}
    assert store(deadlines.next_moment) is None


def test_a_claim_never_starts_a_job_that_is_out_of_time(store):
    late = [store.enqueue(Obey(), expires=5).id, store.enqueue(Obey(), done_within=5).id]
    good = store.enqueue(Obey(), done_within=50).id
    plain = store.enqueue(Obey()).id
    store.sleep(5)

    started = store.claim(10).jobs

    assert {job.id for job in started} == {good, plain}
    assert {job.id: job.end_by for job in started} == {good: pytest.approx(store.now + 45), plain: None}
    assert [store.job(job_id).status for job_id in late] == [Status.CANCELLED] * 2
    assert counts(store) == {"cancelled": 2, "processing": 2}


def test_a_job_that_started_in_time_may_start_again(store):
    store.enqueue(Obey(), expires=5)
    (job,) = store.claim(1).jobs
    store.end(job, Interrupted("x"))
    store.sleep(5)

    first = store.claim(1).jobs  # looked at, and given back
    (again,) = first or store.claim(1).jobs

    assert (again.id, again.end_by) == (job.id, None)
    assert store(deadlines.next_moment) is None


def test_one_that_runs_is_left_to_its_time_limit_and_one_that_waits_again_is_cancelled(store):
    store.enqueue(Obey(), done_within=5)
    (job,) = store.claim(1).jobs
    store.sleep(5)
    assert store(deadlines.expire, 10) == 1
    assert store.job(job.id).status is Status.PROCESSING

    store.end(job, Interrupted("its worker stopped"))
    store.sleep(5)
    store(deadlines.expire, 10)

    assert "not done by" in store.job(job.id).last_error


@pytest.mark.parametrize("outcome", [Failed("x"), TimedOut(3.0)])
def test_no_retry_is_made_that_would_come_too_late(store, outcome):
    store.enqueue(Obey(), done_within=60)
    (job,) = store.claim(1).jobs
    store.end(job, outcome)
    assert store.job(job.id).status is Status.SCHEDULED  # ten seconds later there is time left
    store.sleep(50)
    store(lambda tx: tx.run("hasten_job", id=job.id, now=tx.now))
    (again,) = store.claim(1).jobs

    store.end(again, outcome)

    assert store.job(job.id).status is Status.FAILED


def test_whoever_retries_it_lifts_the_deadline(store):
    job = store.enqueue(Obey(), done_within=5)
    store.sleep(5)
    store(deadlines.expire, 10)

    store(control.retry, job.id, 5)
    store.sleep(100)

    assert [(claimed.id, claimed.end_by) for claimed in store.claim(1).jobs] == [(job.id, None)]


def test_many_are_expired_in_parts_the_earliest_first(store):
    ids = [store.enqueue(Obey(), expires=10 - number).id for number in range(5)]
    store.sleep(10)

    assert [store(deadlines.expire, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert {store.job(job_id).status for job_id in ids} == {Status.CANCELLED}


def test_what_depends_on_a_job_hears_that_it_expired_or_was_cancelled_with_others(store):
    late, unwanted = store.enqueue(Obey(), expires=5), store.enqueue(Obey())
    children = [store.enqueue(Other(), depends_on=[parent.id]) for parent in (late, unwanted)]
    store.sleep(5)

    store(deadlines.expire, 10)
    store(steering.cancel_these, [unwanted.id], None)

    assert [store.job(child.id).status for child in children] == [Status.CANCELLED] * 2
