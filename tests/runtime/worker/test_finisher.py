"""Endings: each is that of its own attempt, whatever the runner does next."""

from runtime.app import App
from runtime.job import Job
from runtime.model.records import Status
from runtime.testing import drain, open_testing


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
