"""A worker that others took for dead: it learns of it, and begins anew."""

import trio

from runtime.model.records import Status
from runtime.store import endings, workers
from runtime.testing import running_worker
from runtime.worker.options import WorkerOptions
from tests.runtime.obedient import Obey

OPTIONS = WorkerOptions(workers=2, stale_after=60)
INTERVAL = 10


async def take_for_dead(deployment, worker) -> None:
    beat = await deployment.db.read(workers.last_beat, worker.name)
    await deployment.db.write(endings.rescue, worker.name, "taken for dead", beat)


async def test_it_cancels_what_it_runs_and_is_there_again_with_a_fresh_beat(
    autojump_clock, deployment, diary
):
    await deployment.queue.enqueue(Obey(do="wait", name="first"))
    async with running_worker(deployment, OPTIONS) as worker:
        await trio.sleep(10 * INTERVAL + 1)
        await take_for_dead(deployment, worker)
        await trio.sleep(INTERVAL)

        (row,) = await deployment.db.read(workers.stored)
        assert row.id == worker.name
        assert deployment.clock.monotonic() - row.beat < INTERVAL


async def test_until_then_it_claims_nothing(autojump_clock, deployment, diary):
    async with running_worker(deployment, OPTIONS) as worker:
        await trio.sleep(1)
        await take_for_dead(deployment, worker)
        record = await deployment.queue.enqueue(Obey(name="later"))

        await trio.sleep(INTERVAL - 2)
        assert (await deployment.queue.job(record.id)).record.status is Status.PENDING

        await trio.sleep(2 + OPTIONS.poll)
        assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED
