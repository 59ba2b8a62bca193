"""Endings: each is that of its own attempt, and is written once, whatever happens to runner and database."""

from dataclasses import replace

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import CommitInDoubt, DatabaseBusy, DatabaseError, DatabaseFull
from runtime.job import Job
from runtime.model.records import Status
from runtime.store import endings, workers
from runtime.testing import drain, open_testing, running_worker
from runtime.worker.finisher import PAUSE
from tests.runtime.obedient import Obey
from tests.runtime.worker.trouble import troubled


class Quick(Job, type="quick"):
    """Ends at once."""


class Blocking(Job, type="blocking"):
    """Blocks the loop for longer than it may take."""


async def test_a_job_that_ended_in_time_is_not_judged_by_the_next_one_of_its_runner(autojump_clock, path):
    app = App("neighbours")

    @app.handler(timeout=10)
    async def quick(_job: Quick) -> None:
        pass

    @app.handler(timeout=10)
    async def blocking(_job: Blocking) -> None:
        autojump_clock.jump(60)

    async with open_testing(app, path) as deployment:
        first = await deployment.queue.enqueue(Quick())
        second = await deployment.queue.enqueue(Blocking())
        await drain(deployment)

        completed = (await deployment.queue.job(first.id)).record
        timed_out = await deployment.queue.job(second.id)
    assert completed.status is Status.COMPLETED
    assert [run.outcome for run in timed_out.history] == ["timed_out"]


@pytest.mark.parametrize("error", [DatabaseBusy("held"), DatabaseFull("full"), CommitInDoubt("lost")])
@pytest.mark.parametrize(("told", "function"), [("return", "finish_many"), ("write", "_finish_with")])
async def test_an_ending_that_cannot_be_written_for_now_is_tried_again_and_the_handler_is_not(
    autojump_clock, deployment, diary, error, told, function
):
    held = troubled(deployment, function, times=3, error=error)
    record = await deployment.queue.enqueue(Obey(do=told, name="a"))

    async with running_worker(held):
        await trio.sleep(2.9 * PAUSE)
        assert (await deployment.queue.job(record.id)).record.status is Status.PROCESSING
        await trio.sleep(0.2 * PAUSE)
        assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED

    assert diary.names.count("a") == 1
    assert held.events.told("database_trouble") == [("finisher", str(error), PAUSE)] * 3


async def test_a_completion_that_the_database_refuses_for_good_has_failed_its_attempt(
    autojump_clock, deployment, diary
):
    held = troubled(deployment, "_finish_with", times=1, error=DatabaseError("a rule was broken"))
    record = await deployment.queue.enqueue(Obey(do="write", name="a"))

    await drain(held)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.SCHEDULED
    assert "a rule was broken" in detail.record.last_error
    assert (await deployment.queue.jobs(type="other")).items == ()


@pytest.mark.parametrize("writes", [False, True])
async def test_what_a_worker_says_of_a_job_that_it_lost_is_refused_and_told(
    autojump_clock, deployment, diary, writes
):
    app = App("losing")

    @app.handler()
    async def losing(job: Quick, ctx: Context) -> None:
        if ctx.fence == 1:
            beat = await ctx.read(workers.last_beat, ctx.worker)
            await ctx.write_now(endings.rescue, ctx.worker, "taken for dead", beat)
            if writes:
                ctx.write(diary.names.append)

    lost = replace(troubled(deployment, times=0), app=app)
    record = await deployment.db.write(lambda tx: tx.enqueue(Quick()))

    async with running_worker(lost):
        await trio.sleep(3600)

    assert [(job.id, job.claims) for job, _ in lost.events.told("ending_refused")] == [(record.id, 1)]
    (ended,) = lost.events.told("attempt_ended")
    assert (ended[0].claims, ended[1]) == (2, "completed")
