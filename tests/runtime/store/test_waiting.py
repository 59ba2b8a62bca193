"""Why a job is not running now: the reason that an operator would have to remove first."""

import pytest

from runtime.errors import NotFound
from runtime.model.outcomes import Failed, Snoozed
from runtime.model.rates import Rate
from runtime.store import control, limits, waiting, workers
from tests.runtime.obedient import Obey
from tests.runtime.store.synchronous import START, Store, sign_of_life


def reason(store: Store, job_id: int) -> str | None:
    return store(waiting.detail, job_id, "b", store.now).wait_reason


def serve(store: Store) -> None:
    """Let a living worker run jobs of the type."""
    store(workers.register, sign_of_life("w1", store.now))


def test_a_scheduled_job_waits_for_its_moment(store):
    job = store.enqueue(Obey(), delay=90.5).id

    assert reason(store, job) == "scheduled: due at 2026-01-01T00:01:30.500Z"


def test_one_that_failed_waits_to_be_retried(store):
    job = store.enqueue(Obey()).id
    store.end(store.claim().jobs[0], Failed("x"))

    assert reason(store, job) == "retried after an error: due at 2026-01-01T00:00:10.000Z"


def test_one_that_snoozed_only_waits(store):
    job = store.enqueue(Obey()).id
    store.end(store.claim().jobs[0], Snoozed(60, ""))

    assert reason(store, job) == "scheduled: due at 2026-01-01T00:01:00.000Z"


def test_a_due_job_waits_for_the_first_of_pause_tokens_worker_and_runner(store):
    job = store.enqueue(Obey()).id
    store(control.pause, "obey")
    store(limits.change, "obey", Rate.parse("1/m:1"))
    store(lambda tx: tx.run("save_bucket", type="obey", tokens=0.0, updated_at=tx.now))

    assert reason(store, job) == "the type obey is paused"
    store(control.resume, "obey")
    assert reason(store, job) == "rate limit 1/m: the next token at 2026-01-01T00:01:00.000Z"
    store(limits.change, "obey", None)
    assert reason(store, job) == "no running worker knows the type obey"
    serve(store)
    assert reason(store, job) == "due: waits for a free runner"


def test_a_worker_that_has_died_runs_nothing(store):
    serve(store)
    job = store.enqueue(Obey()).id
    store.sleep(31)

    assert reason(store, job) == "no running worker knows the type obey"


def test_a_job_that_runs_or_is_finished_waits_for_nothing(store):
    job = store.enqueue(Obey()).id
    (claimed,) = store.claim().jobs
    assert reason(store, job) is None
    store.end(claimed)
    assert reason(store, job) is None


def test_a_blocked_job_waits_for_others(store):
    job = store.enqueue(Obey()).id
    store.execute("UPDATE jobs SET status = 'blocked'")

    assert reason(store, job) == "waits for the jobs it depends on"


def test_the_detail_has_the_job_and_its_history(store):
    job = store.enqueue(Obey()).id
    store.end(store.claim().jobs[0], Failed("x"))

    detail = store(waiting.detail, job, "b", store.now)

    assert detail.record == store.job(job)
    assert [(run.attempt, run.outcome, run.started_at) for run in detail.history] == [(1, "failed", START)]


def test_a_job_that_is_not_there_is_not_found(store):
    with pytest.raises(NotFound):
        store(waiting.detail, 1, "b", 0.0)
