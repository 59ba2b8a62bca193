"""What an operator does to jobs and types: at once where a job waits, by its worker where it runs."""

import pytest

from runtime.errors import NotAllowed, NotFound
from runtime.model.outcomes import Cancelled, Failed, Interrupted
from runtime.model.records import Status
from runtime.store import claims, control, requests
from runtime.store.subjects import CONTROL, DUE, FINISHED
from tests.runtime.obedient import Obey, Other
from tests.runtime.store.synchronous import Store


def running(store: Store, **options):
    """A job that w1 runs."""
    store.enqueue(Obey(), **options)
    (job,) = store.claim(1).jobs
    return job


def ended(store: Store, outcome=None, **options) -> int:
    job = running(store, **options)
    assert store.end(job, outcome)
    return job.id


def failed(store: Store, **options) -> int:
    return ended(store, Failed("x", final=True), **options)


def letters(store: Store) -> list[int]:
    return [job for (job,) in store.rows("SELECT job_id FROM dead_letter_jobs")]


@pytest.mark.parametrize("options", [{}, {"delay": 60}])
def test_a_waiting_job_is_cancelled_at_once(store, options):
    job = store.enqueue(Obey(), **options).id

    record = store(control.cancel, job)

    assert (record.status, record.completed_at, record.attempts) == (Status.CANCELLED, store.now, 0)
    assert store.announced == {FINISHED}
    assert store.claim().jobs == []


def test_the_worker_of_a_running_job_is_asked_and_nobody_else(store):
    mine, others = running(store), running(store)

    record = store(control.cancel, mine.id)

    assert (record.status, record.cancel_requested) == (Status.PROCESSING, True)
    assert store.announced == {CONTROL}
    assert store(requests.cancel_requests, "w1") == [(mine.id, mine.claims)]
    assert store(requests.cancel_requests, "w2") == []
    assert not store.job(others.id).cancel_requested


@pytest.mark.parametrize("outcome", [None, Failed("x", final=True), Cancelled("x")])
def test_a_finished_job_cannot_be_cancelled(store, outcome):
    job = ended(store, outcome)
    before = store.job(job)

    with pytest.raises(NotAllowed, match="it has ended"):
        store(control.cancel, job)
    assert store.job(job) == before


def test_a_job_claimed_and_not_started_is_cancelled_as_it_is_given_back(store):
    job = running(store)
    store(control.cancel, job.id)

    store(claims.release, "w1", [job])

    record = store.job(job.id)
    assert (record.status, record.cancel_requested) == (Status.CANCELLED, False)
    assert (record.completed_at, record.locked_by) == (store.now, None)
    assert store.announced == {FINISHED}


def test_a_job_interrupted_by_a_stop_is_cancelled_as_it_is_given_back(store):
    job = running(store)
    store(control.cancel, job.id)

    assert store.end(job, Interrupted("stopped"))

    assert store.job(job.id).status is Status.CANCELLED
    assert store.claim().jobs == []


def test_a_job_that_completed_before_its_worker_heard_stays_completed(store):
    job = running(store)
    store(control.cancel, job.id)
    store.end(job)

    record = store.job(job.id)
    assert (record.status, record.cancel_requested) == (Status.COMPLETED, False)


def test_a_failed_job_begins_anew_with_its_whole_budget_and_leaves_the_dead_letters(store):
    job = failed(store)
    assert letters(store) == [job]
    store.sleep(60)

    record = store(control.retry, job, 5)

    assert (record.status, record.attempts, record.max_attempts, record.crashes) == (Status.PENDING, 1, 6, 0)
    assert (record.scheduled_at, record.completed_at, record.locked_by) == (store.now, None, None)
    assert letters(store) == []
    assert store.announced == {DUE}


def test_a_cancelled_job_begins_anew_and_is_not_cancelled_again(store):
    job = running(store)
    store(control.cancel, job.id)
    store.end(job, Cancelled("by an operator"))

    store(control.retry, job.id, 5)

    (again,) = store.claim().jobs
    assert again.id == job.id
    assert store(requests.cancel_requests, "w1") == []


def test_a_scheduled_job_is_due_now_with_the_attempts_it_has(store):
    job = running(store)
    store.end(job, Failed("x"))
    store.sleep(1)

    record = store(control.retry, job.id, 50)

    assert (record.status, record.scheduled_at) == (Status.PENDING, store.now)
    assert (record.attempts, record.max_attempts) == (1, 5)


def test_what_waits_runs_or_is_completed_cannot_be_retried(store):
    completed, processing = ended(store), running(store).id
    waiting = store.enqueue(Obey()).id

    for job in (completed, processing, waiting):
        with pytest.raises(NotAllowed, match="cannot be retried"):
            store(control.retry, job, 5)


def test_a_job_whose_key_is_anothers_by_now_cannot_come_back(store):
    first = failed(store, key="k")
    second = store.enqueue(Obey(), key="k")
    assert not second.duplicate

    with pytest.raises(NotAllowed, match=f"job {second.id} holds its key 'k'"):
        store(control.retry, first, 5)
    assert store.job(first).status is Status.FAILED
    assert letters(store) == [first], "nothing half done"


@pytest.mark.parametrize("unique_for", [None, 100.0, 1.0])
def test_a_job_that_comes_back_holds_its_key_again(store, unique_for):
    first = failed(store, key="k", unique_for=unique_for)
    store.sleep(10)

    store(control.retry, first, 5)
    store.sleep(1000)

    duplicate = store.enqueue(Obey(), key="k")
    assert (duplicate.id, duplicate.duplicate) == (first, True)


@pytest.mark.parametrize("operate", [control.cancel, lambda tx, job: control.retry(tx, job, 5)])
def test_a_job_that_is_not_there_is_not_found(store, operate):
    with pytest.raises(NotFound, match="no job 7"):
        store(operate, 7)


def test_a_paused_type_waits_while_others_run_and_goes_on_when_resumed(store):
    store.enqueue(Obey())
    store.enqueue(Other())

    store(control.pause, "obey")
    assert store.announced == {CONTROL}
    assert store(control.paused) == {"obey"}
    assert [job.type for job in store.claim().jobs] == ["other"]

    store(control.resume, "obey")
    assert store.announced == {CONTROL, DUE}
    assert store(control.paused) == frozenset()
    assert [job.type for job in store.claim().jobs] == ["obey"]


def test_pausing_and_resuming_twice_is_once(store):
    for _ in range(2):
        store(control.pause, "obey")
    for _ in range(2):
        store(control.resume, "obey")
    assert store(control.paused) == frozenset()
