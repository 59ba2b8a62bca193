"""Cron in a running worker: each tick once, however many tickers; missed, paused, overlapping ticks."""

from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.testing import alone, open_testing, running_worker
from tests.runtime.obedient import Diary

SPRING = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
AUTUMN = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
DAY = 86_400


class Berlin(Job, type="berlin"):
    pass


class NewYork(Job, type="new_york"):
    pass


class LordHowe(Job, type="lord_howe"):
    pass


class Hourly(Job, type="hourly"):
    seconds: float = 0


ZONES = {"berlin": "Europe/Berlin", "new_york": "America/New_York", "lord_howe": "Australia/Lord_Howe"}


@asynccontextmanager
async def services(deployment):
    yield [Diary()]


def zones_app() -> App:
    app = App("zones", services=services)

    @app.handler(cron="30 2 * * *", timezone="Europe/Berlin")
    async def berlin(job: Berlin, ctx: Context) -> None:
        ctx.service(Diary).starts.append(("berlin", ctx.now()))

    @app.handler(cron="30 1 * * *", timezone="America/New_York")
    async def new_york(job: NewYork, ctx: Context) -> None:
        ctx.service(Diary).starts.append(("new_york", ctx.now()))

    @app.handler(cron="0 2 * * *", timezone="Australia/Lord_Howe")
    async def lord_howe(job: LordHowe, ctx: Context) -> None:
        ctx.service(Diary).starts.append(("lord_howe", ctx.now()))

    return app


@pytest.mark.parametrize(("start", "days"), [(SPRING, 60), (AUTUMN + 21 * DAY, 20)])
async def test_two_tickers_fire_each_tick_once_for_weeks_over_a_change_of_clocks(
    autojump_clock, path, start, days
):
    async with open_testing(zones_app(), path, start=start) as deployment:
        async with running_worker(deployment), running_worker(deployment):
            await trio.sleep(days * DAY)
        starts = deployment.service(Diary).starts

    for name, zone in ZONES.items():
        fired = Counter(datetime.fromtimestamp(at, ZoneInfo(zone)).date() for n, at in starts if n == name)
        assert set(fired.values()) == {1}, name
        assert len(fired) in {days, days + 1}, name
    changes = {"berlin": (2026, 3, 29, 3, 0)} if start == SPRING else {"new_york": (2026, 11, 1, 1, 30)}
    for name, (year, month, day, hour, minute) in changes.items():
        expected = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(ZONES[name])).timestamp()
        assert any(n == name and at == pytest.approx(expected, abs=1) for n, at in starts)


def hourly_app(**policy) -> App:
    app = App("hourly", services=services)

    @app.handler(cron="0 * * * *", **policy)
    async def hourly(job: Hourly, ctx: Context) -> None:
        ctx.service(Diary).starts.append(("hourly", ctx.now()))

    return app


@pytest.mark.parametrize(("missed", "made_up_for"), [("skip", 0), ("one", 1), ("all", 5)])
async def test_ticks_that_nobody_was_there_for_follow_their_policy(autojump_clock, path, missed, made_up_for):
    async with open_testing(hourly_app(missed=missed, overlap="allow"), path) as deployment:
        async with running_worker(deployment):
            await trio.sleep(1800)
        await trio.sleep(5 * 3600)
        async with running_worker(deployment):
            await trio.sleep(60)
        assert len(deployment.service(Diary).starts) == made_up_for


async def test_a_paused_schedule_lets_its_ticks_pass_and_makes_up_for_none(autojump_clock, path):
    async with open_testing(hourly_app(missed="all"), path) as deployment, running_worker(deployment):
        await deployment.queue.pause_schedule("hourly")
        await trio.sleep(5 * 3600)
        await deployment.queue.resume_schedule("hourly")
        assert deployment.service(Diary).starts == []
        await trio.sleep(3601)
        assert len(deployment.service(Diary).starts) == 1


async def test_a_tick_is_skipped_while_the_last_ones_job_is_unfinished(autojump_clock, path):
    async with open_testing(hourly_app(), path) as deployment:
        async with running_worker(deployment):
            await deployment.queue.pause("hourly")
            await trio.sleep(5 * 3600)
        assert (await deployment.queue.stats()).pending == 1


async def test_a_schedule_can_be_run_by_hand_and_shows_its_next_five_ticks(autojump_clock, path):
    async with open_testing(hourly_app(), path) as deployment:
        async with running_worker(deployment, alone()):
            await deployment.queue.run_schedule("hourly")
            await trio.sleep(1)
        (schedule,) = await deployment.queue.schedules()
        assert len(deployment.service(Diary).starts) == 1
    hours = [(tick - 1_767_225_600) / 3600 for tick in schedule.next_ticks]
    assert hours == [1, 2, 3, 4, 5]
