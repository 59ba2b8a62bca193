"""One attempt in one cancel scope: whatever a handler does becomes a recorded ending; the worker lives."""

import pytest
import trio

from runtime.model.records import Status
from runtime.testing import drain, running_worker
from runtime.worker.options import WorkerOptions
from tests.runtime.obedient import Obey, Other


async def ended(deployment, **told):
    """Run one job for one attempt; return its detail."""
    record = await deployment.queue.enqueue(Obey(**told))
    await drain(deployment)
    return await deployment.queue.job(record.id)


async def test_a_job_whose_handler_returns_is_completed(autojump_clock, deployment, diary):
    detail = await ended(deployment, do="return", name="a")

    assert detail.record.status is Status.COMPLETED
    assert detail.record.attempts == 1
    assert [run.outcome for run in detail.history] == ["completed"]
    assert diary.names == ["a"]


@pytest.mark.parametrize(
    ("told", "error"),
    [("fail", "ValueError: told to fail"), ("exit", "SystemExit: 3"), ("group", "one")],
)
async def test_whatever_a_handler_raises_is_its_failure_and_not_the_workers(
    autojump_clock, deployment, told, error
):
    detail = await ended(deployment, do=told)

    assert detail.record.status is Status.SCHEDULED
    assert detail.record.attempts == 1
    assert error in detail.record.last_error
    assert [run.outcome for run in detail.history] == ["failed"]


async def test_a_timeout_cancels_the_handler_and_is_recorded(autojump_clock, deployment, diary):
    detail = await ended(deployment, do="sleep", seconds=60, name="long")

    assert detail.history[0].outcome == "timed_out"
    assert detail.history[0].ended_at - detail.history[0].started_at == pytest.approx(10)
    assert diary.ends == [("long", "cancelled")]


async def test_a_timeout_takes_the_child_tasks_along_and_waits_for_their_cleanup(
    autojump_clock, deployment, diary
):
    detail = await ended(deployment, do="children", seconds=60, name="c")

    assert detail.history[0].outcome == "timed_out"
    assert sorted(diary.ends) == [(f"c.{number}", "cancelled") for number in range(3)]


async def test_a_handler_that_swallows_its_cancellation_has_timed_out_all_the_same(
    autojump_clock, deployment
):
    detail = await ended(deployment, do="swallow")

    assert detail.history[0].outcome == "timed_out"
    assert detail.record.status is Status.SCHEDULED


async def test_child_tasks_that_finish_belong_to_the_attempt(autojump_clock, deployment, diary):
    detail = await ended(deployment, do="children", seconds=5, name="c")

    assert detail.record.status is Status.COMPLETED
    assert detail.record.completed_at - detail.record.locked_at == pytest.approx(5)
    assert len(diary.ends) == 3


async def test_a_child_that_fails_fails_the_attempt_and_cancels_the_handler(autojump_clock, deployment):
    detail = await ended(deployment, do="failing child", seconds=5)

    assert detail.history[0].outcome == "failed"
    assert "a child failed" in detail.record.last_error


async def test_a_leaked_task_is_cancelled_and_the_worker_goes_on(autojump_clock, deployment, diary):
    leaking = await deployment.queue.enqueue(Obey(do="leak", seconds=1000))
    after = await deployment.queue.enqueue(Obey(name="after"))

    await drain(deployment, WorkerOptions(workers=1))

    assert diary.ends == [("leaked", "cancelled")]
    assert (await deployment.queue.job(leaking.id)).record.status is Status.COMPLETED
    assert (await deployment.queue.job(after.id)).record.status is Status.COMPLETED


async def test_a_leaked_task_that_fails_fails_its_job_and_the_worker_goes_on(autojump_clock, deployment):
    leaking = await deployment.queue.enqueue(Obey(do="leak a failure"))
    after = await deployment.queue.enqueue(Obey(name="after"), delay=5)

    async with running_worker(deployment, WorkerOptions(workers=1)):
        await trio.sleep(7)
        assert (await deployment.queue.job(after.id)).record.status is Status.COMPLETED

    detail = await deployment.queue.job(leaking.id)
    assert detail.history[0].outcome == "failed"
    assert "leaked" in detail.record.last_error


async def test_discard_goes_to_the_dead_letters_at_once(autojump_clock, deployment):
    detail = await ended(deployment, do="discard")

    assert detail.record.status is Status.FAILED
    assert detail.record.attempts == 1
    (letter,) = (await deployment.queue.dead_letters()).items
    assert letter.job_id == detail.record.id
    assert "not worth it" in letter.error


async def test_a_handler_can_cancel_its_own_job(autojump_clock, deployment):
    detail = await ended(deployment, do="cancel")

    assert detail.record.status is Status.CANCELLED


async def test_snoozing_uses_up_no_attempt(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="snooze"))

    async with running_worker(deployment):
        await trio.sleep(125)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.COMPLETED
    assert detail.record.attempts == 1
    assert [run.outcome for run in detail.history] == ["snoozed", "snoozed", "completed"]


async def test_jobs_enqueued_by_a_handler_commit_with_its_completion(autojump_clock, deployment, diary):
    await ended(deployment, do="write", name="parent")

    assert diary.names == ["parent", "child of parent"]


async def test_when_a_handlers_write_fails_nothing_of_it_happens_and_the_attempt_has_failed(
    autojump_clock, deployment
):
    detail = await ended(deployment, do="bad write")

    assert detail.history[0].outcome == "failed"
    assert "the write refused" in detail.record.last_error
    assert (await deployment.queue.jobs(type="other")).items == ()


async def test_once_guards_an_effect_over_attempts(autojump_clock, deployment, diary):
    await deployment.queue.enqueue(Obey(do="once", name="mail-1"))

    async with running_worker(deployment):
        await trio.sleep(30)

    assert diary.ends == [("mail-1", "first"), ("mail-1", "again")]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # it tampers with the file
async def test_a_payload_that_no_longer_fits_is_a_dead_letter_that_names_the_field(
    autojump_clock, deployment
):
    record = await deployment.queue.enqueue(Other(name="x"))
    await deployment.db.write(_spoil, record.id)

    await drain(deployment)

    (letter,) = (await deployment.queue.dead_letters()).items
    assert "name" in letter.error
    assert letter.job_id == record.id


def _spoil(tx, job_id):
    tx._statements._connection.execute("UPDATE jobs SET payload = ? WHERE id = ?", ('{"name": 5}', job_id))


async def test_a_limited_job_claimed_ahead_that_waited_long_is_given_back_and_takes_a_new_token(
    autojump_clock, deployment, diary
):
    await deployment.queue.set_limit("obey", "1000/s")
    await deployment.queue.enqueue_many([Obey(do="sleep", seconds=0.005)] * 40)
    await deployment.queue.enqueue(Obey(do="sleep", seconds=5))
    await deployment.queue.enqueue_many([Obey(name="behind")] * 20)
    async with running_worker(deployment, WorkerOptions(workers=1)):
        await trio.sleep(60)

    jobs = [await deployment.queue.job(number) for number in range(1, 62)]
    assert {job.record.status for job in jobs} == {Status.COMPLETED}
    assert {job.record.attempts for job in jobs} == {1}
    outcomes = [[run.outcome for run in job.history] for job in jobs[41:]]
    assert ["interrupted", "completed"] in outcomes, "some were claimed while short jobs ran"
