"""Steering: waiting jobs get another moment or priority, many are cancelled by a filter."""

import pytest

from runtime.errors import NotAllowed
from runtime.model.outcomes import Completed
from runtime.model.records import Status
from runtime.store import steering
from runtime.store.steering import Filter
from runtime.store.subjects import CONTROL, DUE, FINISHED, SCHEDULED
from tests.runtime.obedient import Obey, Other


def counts(store):
    return dict(store.rows("SELECT status, count FROM job_counts WHERE type = 'obey' AND count <> 0"))


def test_a_waiting_job_is_put_off_and_brought_forward(store):
    job = store.enqueue(Obey())

    later = store(steering.reschedule, job.id, store.now + 60)
    assert (later.status, later.scheduled_at) == (Status.SCHEDULED, store.now + 60)
    assert store.announced == {SCHEDULED}
    assert counts(store) == {"scheduled": 1}

    now = store(steering.reschedule, job.id, store.now)
    assert now.status is Status.PENDING
    assert store.announced == {DUE}
    assert counts(store) == {"pending": 1}


def test_a_waiting_job_gets_another_priority_and_starts_by_it(store):
    first, second = store.enqueue(Obey()), store.enqueue(Obey())

    assert store(steering.prioritize, second.id, 50).priority == 50

    assert store.announced == {DUE}
    assert [job.id for job in store.claim(2).jobs] == [second.id, first.id]


@pytest.mark.parametrize("act", [steering.reschedule, steering.prioritize])
def test_what_runs_or_has_ended_is_not_moved(store, act):
    store.enqueue(Obey())
    (job,) = store.claim(1).jobs
    with pytest.raises(NotAllowed, match="processing"):
        store(act, job.id, 50)
    store.end(job, Completed())
    with pytest.raises(NotAllowed, match="completed"):
        store(act, job.id, 50)


def test_jobs_are_found_by_any_part_of_a_filter_and_in_parts(store):
    old = store.enqueue(Obey(), priority=1).id
    store.sleep(10)
    later = store.enqueue(Obey(), delay=60, priority=1).id
    other = store.enqueue(Other(), priority=2).id

    def found(*which, after=0, most=10):
        return store(steering.unfinished, Filter(*which), after, most)

    assert found() == [old, later, other]
    assert found("obey") == [old, later]
    assert found(None, Status.SCHEDULED) == [later]
    assert found(None, None, 2) == [other]
    assert found(None, None, None, store.now) == [old]
    assert found("obey", Status.PENDING, 2) == []
    assert (found(most=2), found(after=later)) == ([old, later], [other])


def test_those_that_wait_end_at_once_and_those_that_run_are_asked_to(store):
    ended, running = store.enqueue(Obey()).id, store.enqueue(Obey()).id
    jobs = {job.id: job for job in store.claim(2).jobs}
    store.end(jobs[ended], Completed())
    waiting = [store.enqueue(Obey()).id, store.enqueue(Obey(), delay=9).id]

    assert store(steering.cancel_these, [ended, running, *waiting], None) == 3

    assert store.announced == {CONTROL, FINISHED}
    assert store.job(running).cancel_requested
    assert [store.job(job_id).status for job_id in (ended, *waiting)] == [
        Status.COMPLETED,
        Status.CANCELLED,
        Status.CANCELLED,
    ]
    assert counts(store) == {"completed": 1, "processing": 1, "cancelled": 2}


def test_one_that_has_moved_on_since_it_was_found_is_left_alone(store):
    job = store.enqueue(Obey()).id
    store.claim(1)

    assert store(steering.cancel_these, [job], Status.PENDING) == 0
    assert not store.job(job).cancel_requested
