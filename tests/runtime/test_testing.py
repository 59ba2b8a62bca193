"""What tests of applications are given: real tables, virtual time, the same seed the same run."""

import threading
import time

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.records import Status
from runtime.testing import alone, drain, open_testing, running_worker
from tests.runtime.obedient import Obey, make_app

DAY = 86_400


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # a round trip is slower than a call
async def test_a_month_passes_in_a_second(autojump_clock, deployment):
    began = time.process_time()  # not the wall's: the machine may be busy with others
    record = await deployment.queue.enqueue(Obey(), delay=30 * DAY)

    async with running_worker(deployment):
        await trio.sleep(30 * DAY + 1)

    assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED
    assert time.process_time() - began < 5


async def test_time_begins_where_it_is_told(autojump_clock, path):
    async with open_testing(make_app(), path, start=1_000_000.0) as deployment:
        record = await deployment.queue.enqueue(Obey())

    assert record.created_at == pytest.approx(1_000_000, abs=1)


async def test_the_same_seed_gives_the_same_run_and_another_another(autojump_clock, tmp_path):
    async def retries(seed):
        async with open_testing(make_app(), tmp_path / f"{time.perf_counter()}.db", seed=seed) as deployment:
            record = await deployment.queue.enqueue(Obey(do="fail"))
            async with running_worker(deployment):
                await trio.sleep(1000)
            runs = (await deployment.queue.job(record.id)).history
            return [round(run.started_at - runs[0].started_at, 6) for run in runs]

    first, second, other = await retries(1), await retries(1), await retries(2)

    assert len(first) == 5
    assert first == second
    assert first != other


async def test_draining_runs_what_is_due_and_what_that_enqueues_but_nothing_later(autojump_clock, deployment):
    parent = await deployment.queue.enqueue(Obey(do="write", name="parent"))
    later = await deployment.queue.enqueue(Obey(), delay=60)
    await deployment.queue.enqueue_many([Obey()] * 30)
    began = trio.current_time()

    await drain(deployment)

    stats = await deployment.queue.stats()
    assert (stats.completed, stats.scheduled, stats.pending) == (32, 1, 0)
    assert (await deployment.queue.job(parent.id)).record.status is Status.COMPLETED
    assert (await deployment.queue.job(later.id)).record.status is Status.SCHEDULED
    assert trio.current_time() - began < 1


async def test_a_worker_of_a_block_stops_in_order_when_the_block_ends(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=5))

    async with running_worker(deployment) as worker:
        await trio.sleep(1)
        assert [running.id for running in await deployment.queue.workers()] == [worker.name]

    assert await deployment.queue.workers() == []
    assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED


class Plain(Job, type="plain"):
    pass


class Burn(Job, type="burn"):
    pass


async def test_plain_and_cpu_handlers_run_inline_so_that_time_stays_exact(autojump_clock, path):
    seen = []
    app = App("inline")

    @app.handler()
    def plain(job: Plain, ctx: Context) -> None:
        seen.append((threading.get_ident(), ctx.now()))

    @app.handler(cpu=True)
    def burn(job: Burn) -> None:
        seen.append((threading.get_ident(), None))

    async with open_testing(app, path) as deployment:
        await deployment.queue.enqueue(Plain())
        await deployment.queue.enqueue(Burn())
        await drain(deployment)

    assert [thread for thread, _ in seen] == [threading.get_ident()] * 2


def test_a_worker_alone_polls_for_nothing():
    assert alone().poll >= 3600
    assert alone().stale_after > 2 * alone().poll
