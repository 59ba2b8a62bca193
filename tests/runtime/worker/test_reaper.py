"""Who is dead, and who is only silent: judged by beats, while the database takes writes."""

import apsw
import pytest
import trio
import trio.testing

from runtime.errors import DatabaseBusy
from runtime.model.records import Status
from runtime.store import claims, endings, workers
from runtime.store.selection import ClaimRequest
from runtime.store.workers import Beat
from runtime.worker.reaper import Reaper
from tests.runtime.obedient import Obey

STALE_AFTER = 30.0


@pytest.fixture
def other(deployment):
    """Another worker's sign of life, now."""

    def beat(boot: str = "virtual") -> Beat:
        return Beat(
            id="other", host="h", pid=1, boot=boot, beat=deployment.clock.monotonic(),
            stale_after=STALE_AFTER, runners=1, types=("obey",),
        )  # fmt: skip

    return beat


@pytest.fixture
async def held(deployment, other):
    """A job that the other worker runs."""
    await deployment.db.write(workers.register, other())
    record = await deployment.queue.enqueue(Obey())
    request = ClaimRequest(
        worker="other", types=frozenset({"obey"}), free=1, most=1, min_priority=0, max_priority=100, aging=0
    )
    await deployment.db.write(claims.claim, request)
    return record.id


async def status(deployment, job: int) -> Status:
    return (await deployment.queue.job(job)).record.status


async def test_silence_up_to_the_limit_is_life_and_beyond_it_death(autojump_clock, deployment, held):
    reaper = Reaper(deployment, "own")

    await trio.sleep(STALE_AFTER)
    await reaper.look()
    assert await status(deployment, held) is Status.PROCESSING

    await trio.sleep(0.1)
    await reaper.look()
    assert await status(deployment, held) is Status.PENDING
    assert await deployment.queue.workers() == []


async def test_a_worker_of_an_earlier_boot_is_dead_at_once(autojump_clock, deployment, held, other):
    await deployment.db.write(workers.remove, "other")
    await deployment.db.write(workers.register, other(boot="an earlier one"))

    await Reaper(deployment, "own").look()

    assert await status(deployment, held) is Status.PENDING


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # no program holds a server
async def test_nobody_is_dead_for_silence_while_another_program_held_the_database(
    autojump_clock, deployment, held, path
):
    reaper = Reaper(deployment, "own")
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    await trio.sleep(STALE_AFTER + 10)
    with pytest.raises(DatabaseBusy):
        await reaper.look()
    holder.execute("ROLLBACK")
    holder.close()

    await trio.sleep(STALE_AFTER)
    await reaper.look()
    assert await status(deployment, held) is Status.PROCESSING

    await trio.sleep(1)
    await reaper.look()
    assert await status(deployment, held) is Status.PENDING


async def test_nobody_is_dead_for_silence_while_everything_stood_still(autojump_clock, deployment, held):
    reaper = Reaper(deployment, "own")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reaper.sleep, 1)
        await trio.testing.wait_all_tasks_blocked()
        autojump_clock.jump(STALE_AFTER + 10)

    await reaper.look()
    assert await status(deployment, held) is Status.PROCESSING

    await reaper.sleep(STALE_AFTER + 1)
    await reaper.look()
    assert await status(deployment, held) is Status.PENDING


async def test_one_that_beats_after_it_was_found_dead_lives(autojump_clock, deployment, held, other):
    found_dead = other().beat
    await trio.sleep(1)
    await deployment.db.write(workers.register, other())

    given_back = await deployment.db.write(endings.rescue, "other", "silent", found_dead)

    assert given_back is None
    assert await status(deployment, held) is Status.PROCESSING
    assert [worker.id for worker in await deployment.queue.workers()] == ["other"]


async def test_what_a_worker_without_a_row_holds_is_given_back(autojump_clock, deployment, held):
    await deployment.db.write(workers.remove, "other")

    await Reaper(deployment, "own").look()

    assert await status(deployment, held) is Status.PENDING
