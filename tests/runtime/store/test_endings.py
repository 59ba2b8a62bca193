"""Endings: one guarded write by whoever owns the job, with all that belongs to it."""

import pytest

from runtime.model.outcomes import Cancelled, Completed, Failed, Interrupted, Snoozed, TimedOut
from runtime.model.records import Status
from runtime.store import endings, jobs, results, workers
from runtime.store.subjects import DUE, FINISHED, SCHEDULED
from tests.runtime.obedient import Obey, Other
from tests.runtime.store.synchronous import Store, sign_of_life


def running(store: Store, model=Obey, worker="w1", **options):
    store.enqueue(model(), priority=100, **options)
    (job,) = store.claim(1, worker=worker).jobs
    return job


def counts(store: Store) -> dict[str, int]:
    return dict(store.rows("SELECT status, count FROM job_counts WHERE type = 'obey' AND count <> 0"))


@pytest.mark.parametrize(
    ("outcome", "status", "attempts", "announced"),
    [
        (Completed(), Status.COMPLETED, 1, FINISHED),
        (Failed("x"), Status.SCHEDULED, 1, SCHEDULED),
        (Failed("x", final=True), Status.FAILED, 1, FINISHED),
        (TimedOut(3.0), Status.SCHEDULED, 1, SCHEDULED),
        (Cancelled("x"), Status.CANCELLED, 1, FINISHED),
        (Snoozed(9.0, "x"), Status.SCHEDULED, 0, SCHEDULED),
        (Interrupted("x"), Status.PENDING, 0, DUE),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_each_outcome_is_written_counted_noted_and_announced(store, outcome, status, attempts, announced):
    job = running(store)
    store.sleep(2)

    assert store.end(job, outcome)

    record = store.job(job.id)
    assert (record.status, record.attempts) == (status, attempts)
    assert record.completed_at == (store.now if status.finished else None)
    assert counts(store) == {status.value: 1}
    assert store.rows("SELECT outcome, count FROM job_history") == [(outcome.name, 1)]
    assert store.announced == {announced}


def test_a_run_that_did_not_complete_is_recorded_and_one_that_did_is_read_off_the_job(store):
    job = running(store)
    began = store.now
    store.sleep(2)
    store.end(job, Failed("first"))
    store.sleep(10)
    store(lambda tx: tx.run("hasten_job", id=job.id, now=tx.now))
    (again,) = store.claim().jobs
    store.end(again)

    runs = store(jobs.history, store.job(job.id))

    assert [(run.attempt, run.outcome, run.error) for run in runs] == [
        (1, "failed", "first"),
        (2, "completed", None),
    ]
    assert (runs[0].started_at, runs[0].ended_at) == (began, began + 2)
    assert store.rows("SELECT count(*) FROM job_attempts") == [(1,)]


def test_the_last_error_stays_when_a_later_attempt_completes(store):
    job = running(store)
    store.end(job, Failed("first"))
    store(lambda tx: tx.run("hasten_job", id=job.id, now=tx.now))
    store.end(store.claim().jobs[0])

    assert store.job(job.id).last_error == "first"


def test_a_job_that_failed_for_good_is_a_dead_letter_with_its_error_and_payload(store):
    job = running(store)
    store.end(job, Failed("hopeless", final=True))

    columns = "job_id, type, payload, attempts, error, failed_at, reviewed"
    (letter,) = store.rows(f"SELECT {columns} FROM dead_letter_jobs")
    assert letter == (job.id, "obey", job.payload, 1, "hopeless", store.now, 0)


def test_only_the_owner_of_this_claim_may_end_it_and_only_once(store):
    job = running(store)
    before = store.job(job.id)

    assert not store.end(job, worker="w2")
    assert store.job(job.id) == before
    assert store.end(job)
    assert not store.end(job)
    assert not store.end(job, Failed("too late", final=True))
    assert counts(store) == {"completed": 1}
    assert store.rows("SELECT * FROM dead_letter_jobs") == []


def test_many_end_together_and_those_that_are_owned_no_more_are_named(store):
    mine, lost, theirs, failing = running(store), running(store), running(store, worker="w2"), running(store)
    other = running(store, Other)
    store.end(lost, Interrupted("taken away"))
    assert [job.id for job in store.claim(1, worker="w3").jobs] == [lost.id]

    refused = store(
        endings.finish_many,
        "w1",
        [
            store.ending(mine), store.ending(lost), store.ending(theirs), store.ending(other),
            store.ending(failing, Failed("x")),
        ],
    )  # fmt: skip

    assert {job.id for job in refused} == {lost.id, theirs.id}
    assert counts(store) == {"completed": 1, "scheduled": 1, "processing": 2}
    assert store.job(other.id).status is Status.COMPLETED
    assert store.rows("SELECT type, outcome, count FROM job_history WHERE outcome = 'completed'") == [
        ("obey", "completed", 1),
        ("other", "completed", 1),
    ]


def test_two_claims_of_one_job_that_end_together_are_told_apart(store):
    lost = running(store)
    dependant = store.enqueue(Other(), depends_on=[lost.id])
    store(endings.rescue, "w1", "silent", None)
    (job,) = store.claim().jobs

    refused = store(
        endings.finish_many,
        "w1",
        [store.ending(lost), store.ending(job)],
        returned={lost: '"of the lost"', job: '"of the owner"'},
    )

    assert refused == [lost]
    assert store.job(job.id).status is Status.COMPLETED
    assert store.job(dependant.id).status is Status.PENDING
    assert store(results.of, [job.id]) == {job.id: '"of the owner"'}


def test_endings_that_come_again_because_nobody_knew_whether_they_were_written_are_refused(store):
    once, twice = running(store), running(store)
    ended = [store.ending(job) for job in (once, twice)]
    store(endings.finish_many, "w1", ended)
    store.sleep(0.5)

    assert store(endings.finish_many, "w1", ended) == [once, twice]
    assert counts(store) == {"completed": 2}
    assert store.rows("SELECT outcome, count FROM job_history") == [("completed", 2)]


def test_ending_nothing_together_is_nothing(store):
    assert store(endings.finish_many, "w1", []) == []
    assert store.announced == frozenset()


def test_what_a_dead_worker_held_is_given_back_at_its_old_place_and_its_row_goes(store):
    store(workers.register, sign_of_life("w1", 5.0))
    job, others = running(store), running(store, worker="w2")
    due = store.job(job.id).scheduled_at
    store.sleep(60)

    assert store(endings.rescue, "w1", "it died", 5.0) == 1

    record = store.job(job.id)
    assert (record.status, record.attempts, record.crashes) == (Status.PENDING, 0, 1)
    assert (record.scheduled_at, record.locked_by) == (due, None)
    assert store.job(others.id).locked_by == "w2"
    assert store.announced == {DUE}
    assert store(workers.stored) == []


def test_the_third_crash_is_the_last(store):
    job = running(store)
    for crash in (1, 2, 3):
        assert store(endings.rescue, "w1", f"death {crash}", None) == 1
        assert store.job(job.id).crashes == crash
        assert len(store.claim().jobs) == (crash < 3)

    assert store.job(job.id).status is Status.FAILED
    ((error,),) = store.rows("SELECT error FROM dead_letter_jobs")
    assert "poison pill" in error
    assert "death 3" in error


def test_what_only_ran_beside_a_killer_is_never_buried(store):
    innocents = [running(store).id for _ in range(3)]
    for _ in range(4):
        assert store(endings.rescue, "w1", "it died", None) == 3
        store.execute(
            "UPDATE jobs SET status = 'processing', claims = claims + 1, locked_by = 'w1', locked_at = 1"
        )
    assert {store.job(job).crashes for job in innocents} == {2}
    assert store.rows("SELECT * FROM dead_letter_jobs") == []


@pytest.mark.parametrize("seen", [4.0, None])
def test_a_worker_that_has_beaten_since_it_was_found_dead_keeps_what_it_holds(store, seen):
    store(workers.register, sign_of_life("w1", 5.0))
    job = running(store)

    assert store(endings.rescue, "w1", "it died", seen) is None
    assert store.job(job.id).status is Status.PROCESSING


def test_a_worker_is_rescued_once(store):
    store(workers.register, sign_of_life("w1", 5.0))
    running(store)

    assert [store(endings.rescue, "w1", "it died", 5.0) for _ in range(2)] == [1, None]


def test_a_running_job_that_was_to_be_cancelled_ends_so_when_its_worker_dies(store):
    job = running(store)
    store.execute("UPDATE jobs SET cancel_requested = 1")

    store(endings.rescue, "w1", "it died", None)

    assert store.job(job.id).status is Status.CANCELLED
    assert counts(store) == {"cancelled": 1}
