"""What an application declares is in the database once it is open; what an operator decided stands."""

import pytest
import trio

from runtime.app import App
from runtime.job import Job
from runtime.testing import open_testing, running_worker


class Nightly(Job, type="nightly"):
    depth: int = 1


class Mail(Job, type="mail"):
    pass


def declaring(*, cron="0 3 * * *", rate="2/s:2") -> App:
    app = App("declaring")

    @app.handler(cron=cron)
    async def nightly(job: Nightly) -> None: ...

    @app.handler(rate=rate)
    async def mail(job: Mail) -> None: ...

    return app


async def seen(app, path):
    """The schedules and limits that an operator sees right after the application was opened."""
    async with open_testing(app, path) as deployment:
        schedules = {record.name: record.expression for record in await deployment.queue.schedules()}
        return schedules, {record.type: record.text for record in await deployment.queue.limits()}


async def test_operators_see_schedules_and_limits_before_any_worker_has_run(autojump_clock, path):
    assert await seen(declaring(), path) == ({"nightly": "0 3 * * *"}, {"mail": "2/s"})


async def test_what_the_code_changes_is_changed_when_it_is_opened_again(autojump_clock, path):
    await seen(declaring(), path)

    assert await seen(declaring(cron="30 4 * * *", rate="5/m"), path) == (
        {"nightly": "30 4 * * *"},
        {"mail": "5/m"},
    )
    assert await seen(declaring(cron=None, rate=None), path) == ({}, {})
    assert await seen(declaring(), path) == ({"nightly": "0 3 * * *"}, {"mail": "2/s"})


async def test_what_an_operator_decided_about_a_limit_stands(autojump_clock, path):
    async with open_testing(declaring(), path) as deployment:
        await deployment.queue.set_limit("mail", "9/m")
    assert (await seen(declaring(rate="5/m"), path))[1] == {"mail": "9/m"}

    async with open_testing(declaring(), path) as deployment:
        await deployment.queue.remove_limit("mail")
    assert (await seen(declaring(rate="5/m"), path))[1] == {}


async def test_what_an_operator_paused_stays_paused(autojump_clock, path):
    async with open_testing(declaring(), path) as deployment:
        await deployment.queue.pause_schedule("nightly")

    async with open_testing(declaring(cron="30 4 * * *"), path) as deployment:
        (schedule,) = await deployment.queue.schedules()
    assert schedule.paused
    assert schedule.expression == "30 4 * * *"


async def test_a_schedule_that_is_declared_again_still_knows_since_when_ticks_were_missed(
    autojump_clock, path
):
    async with open_testing(declaring(), path, start=at(1)):
        pass

    async with open_testing(declaring(cron="30 4 * * *"), path, start=at(5)) as deployment:
        async with running_worker(deployment):
            await trio.sleep(60)
        (made_up,) = (await deployment.queue.jobs(type="nightly")).items

    assert made_up.created_at == pytest.approx(at(5), abs=1)


def at(hour: int) -> float:
    return 1_767_225_600.0 + hour * 3600


async def test_a_bucket_is_full_once_and_not_at_every_start(autojump_clock, path):
    async with open_testing(declaring(rate="1/h:3"), path) as deployment:
        await deployment.db.write(
            lambda tx: tx.run("save_bucket", type="mail", tokens=0.5, updated_at=tx.now)
        )

    async with open_testing(declaring(rate="1/h:3"), path) as deployment:
        (limit,) = await deployment.queue.limits()
    assert limit.tokens == pytest.approx(0.5, abs=0.01)
