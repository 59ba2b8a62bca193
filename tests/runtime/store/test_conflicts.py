"""Unique jobs: what a later enqueue does to the one that holds the key."""

import pytest

from runtime.model.outcomes import Completed
from runtime.model.records import Status
from runtime.store import deadlines
from runtime.store.subjects import DUE
from tests.runtime.obedient import Obey


def counts(store):
    return dict(store.rows("SELECT status, count FROM job_counts WHERE type = 'obey' AND count <> 0"))


def test_by_default_the_holder_is_kept_as_it_is(store):
    first = store.enqueue(Obey(name="a"), key="k", priority=7, delay=60)

    again = store.enqueue(Obey(name="b"), key="k", priority=9)

    assert again == first._replace(duplicate=True)
    assert store.job(first.id) == first


def test_a_waiting_holder_is_replaced(store):
    first = store.enqueue(Obey(name="a"), key="k", priority=7, delay=60, done_within=900)

    again = store.enqueue(Obey(name="b"), key="k", priority=9, expires=30, on_conflict="replace")

    assert (again.id, again.duplicate) == (first.id, True)
    record = store.job(first.id)
    assert again == record._replace(duplicate=True)
    assert (Obey.parse(record.payload).name, record.priority, record.status) == ("b", 9, Status.PENDING)
    assert counts(store) == {"pending": 1}
    assert DUE in store.announced
    assert store(deadlines.of, first.id)[-2:] == (store.now + 30, None)


def test_a_burst_runs_once_after_it_is_quiet_with_the_newest_payload(store):
    first = store.enqueue(Obey(name="0"), key="k", delay=10, priority=7, on_conflict="debounce")
    for number in range(1, 4):
        store.sleep(9)
        again = store.enqueue(Obey(name=str(number)), key="k", delay=10, on_conflict="debounce")

    record = store.job(first.id)
    assert again.id == first.id
    assert (Obey.parse(record.payload).name, record.priority) == ("3", 7)
    assert (record.status, record.scheduled_at) == (Status.SCHEDULED, store.now + 10)
    assert counts(store) == {"scheduled": 1}


@pytest.mark.parametrize("on_conflict", ["replace", "debounce"])
def test_one_that_runs_or_has_ended_within_its_period_is_kept(store, on_conflict):
    first = store.enqueue(Obey(name="a"), key="k", unique_for=100)
    (job,) = store.claim(1).jobs
    for end in (None, Completed()):
        if end:
            store.end(job, end)
        again = store.enqueue(Obey(name="b"), key="k", delay=5, on_conflict=on_conflict)
        assert (again.id, again.duplicate, Obey.parse(again.payload).name) == (first.id, True, "a")

    store.sleep(100)
    assert store.enqueue(Obey(name="b"), key="k", on_conflict=on_conflict).duplicate is False
