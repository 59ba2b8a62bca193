"""Batches: who comes into one, and when it begins; in virtual time, on both databases."""

from dataclasses import replace

import pytest
import trio

from runtime.model.lifecycle import SUSPICION
from runtime.model.records import Status
from runtime.store.claims import claim
from runtime.store.endings import rescue
from runtime.store.selection import ClaimRequest
from runtime.testing import alone, drain, running_worker
from runtime.worker.options import Reservation
from tests.runtime.letters import Letter, Plain, enqueue, outcomes, statuses

ONE = replace(alone(), workers=1)


async def test_a_call_starts_when_it_is_full_or_when_the_first_job_has_waited(autojump_clock, letters, calls):
    began = trio.current_time()
    async with running_worker(letters):
        for _ in range(3):
            await enqueue(letters, "return")
            await trio.sleep(0.2)
        await trio.sleep(1)
        await enqueue(letters, *["return"] * 250)
        await trio.sleep(1)

    assert calls.sizes == [3, 100, 100, 50]
    assert [at - began for at in calls.moments] == pytest.approx([0.5, 1.6, 1.6, 2.1], abs=0.02)


async def test_a_single_runner_gathers_and_runs_other_types_in_between(autojump_clock, letters, calls):
    await letters.queue.enqueue(Plain(name="first"), priority=50)
    await enqueue(letters, "return")
    await letters.queue.enqueue_many([Plain(name="last")] * 3, priority=0)
    async with running_worker(letters, ONE):
        await trio.sleep(0.2)
        await enqueue(letters, "return", "return")
        await trio.sleep(1)

    assert calls.sizes == [3]
    assert [name for _, name in calls.plain] == ["first", "last", "last", "last"]
    assert calls.plain[0][0] < calls.moments[0] <= calls.plain[1][0]


@pytest.mark.parametrize("options", [{"size": 10, "wait": 0.5}])
async def test_a_flood_of_batches_leaves_others_their_turn(autojump_clock, letters, calls, options):
    await enqueue(letters, *["return"] * 500)
    await letters.queue.enqueue_many([Plain(name=str(number)) for number in range(5)], priority=6)
    await letters.queue.enqueue_many([Plain(name=str(number)) for number in range(5, 10)], priority=4)

    await drain(letters, ONE)

    assert calls.sizes == [10] * 50
    names = [name for _, name in calls.plain]
    assert names == [str(number) for number in range(10)]
    assert calls.plain[4][0] <= calls.moments[0]
    assert calls.plain[5][0] >= calls.moments[-1]


@pytest.mark.parametrize("options", [{"size": 5}])
async def test_a_batch_gets_a_runner_though_short_jobs_keep_them_all_busy(
    autojump_clock, letters, calls, options
):
    await letters.queue.enqueue_many([Plain()] * 300)
    async with running_worker(letters, replace(alone(), workers=2)):
        await trio.sleep(0.5)
        began = trio.current_time()
        await letters.queue.enqueue_many([Letter()] * 5, priority=10)
        await trio.sleep(1.5)

    assert calls.sizes == [5]
    assert calls.moments[0] - began < 0.1
    assert calls.plain[-1][0] > calls.moments[0]


@pytest.mark.parametrize("options", [{"wait": 5}])
async def test_a_job_cancelled_while_its_batch_gathers_never_runs(autojump_clock, letters, calls, options):
    ids = await enqueue(letters, "return", "return")
    async with running_worker(letters):
        await trio.sleep(1)
        await letters.queue.cancel(ids[0])
        await trio.sleep(0.1)
        assert await statuses(letters, ids) == [Status.CANCELLED, Status.PROCESSING]
        await trio.sleep(5)

    assert calls.made[0][1] == [1]
    assert await statuses(letters, ids) == [Status.CANCELLED, Status.COMPLETED]


@pytest.mark.parametrize("options", [{"wait": 60}])
async def test_a_drain_does_not_wait_for_company(autojump_clock, letters, calls, options):
    began = trio.current_time()
    await enqueue(letters, *["return"] * 130)
    await letters.queue.enqueue(Plain())

    await drain(letters, ONE)

    assert calls.sizes == [100, 30]
    assert trio.current_time() - began < 1


@pytest.mark.parametrize("options", [{"wait": 60}])
async def test_a_worker_that_stops_lets_go_of_a_batch_that_has_not_begun(
    autojump_clock, letters, calls, options
):
    began = trio.current_time()
    ids = await enqueue(letters, "return", "return")
    async with running_worker(letters):
        await trio.sleep(1)
        assert await statuses(letters, ids) == [Status.PROCESSING] * 2

    assert trio.current_time() - began < 2
    assert calls.made == []
    assert await statuses(letters, ids) == [Status.PENDING] * 2
    assert await outcomes(letters, ids) == [[], []]


@pytest.mark.parametrize("options", [{"wait": 60}])
async def test_who_must_be_done_soon_is_not_waited_with(autojump_clock, letters, calls, options):
    began = trio.current_time()
    hurried = await letters.queue.enqueue(Letter(), done_within=3)
    async with running_worker(letters):
        await trio.sleep(4)

    assert calls.moments == pytest.approx([began + 1.5], abs=0.05)
    assert await statuses(letters, [hurried.id]) == [Status.COMPLETED]


def die_with(tx, ids):
    """A worker has died with these twice."""
    for _ in range(SUSPICION):
        request = ClaimRequest(
            worker="w",
            types=frozenset({"letter"}),
            free=9,
            most=9,
            min_priority=100,
            max_priority=100,
            aging=0,
        )
        assert len(claim(tx, request).jobs) == len(ids)
        rescue(tx, "w", "died", None)


async def test_a_job_under_suspicion_is_a_batch_by_itself(autojump_clock, letters, calls):
    suspects = await letters.queue.enqueue_many([Letter(number=9)] * 2, priority=100)
    await letters.db.write(die_with, suspects)
    ids = await enqueue(letters, "return", "return")

    await drain(letters)

    assert [numbers for _, numbers in calls.made] == [[0, 1], [9], [9]]
    assert await statuses(letters, [*suspects, *ids]) == [Status.COMPLETED] * 4


@pytest.mark.parametrize("options", [{"rate": "20/s:10", "size": 30, "wait": 1.0}])
async def test_each_job_of_a_batch_takes_a_token(autojump_clock, letters, calls, options):
    await enqueue(letters, *["return"] * 50)
    began = trio.current_time()
    async with running_worker(letters):
        await trio.sleep(5)

    done = [(at - began, len(numbers)) for at, numbers in calls.made]
    assert sum(number for _, number in done) == 50
    assert len(done) <= 3
    for end, _ in done:
        assert sum(number for at, number in done if at <= end) <= 20 * end + 10
    assert (await letters.queue.stats()).failed == 0


@pytest.mark.parametrize("options", [{"size": 10, "wait": 0, "concurrency": 4}])
async def test_the_concurrency_of_a_type_counts_the_jobs_of_its_batches(
    autojump_clock, letters, calls, options
):
    await enqueue(letters, *["return"] * 10)

    await drain(letters)

    assert calls.sizes == [4, 4, 2]


@pytest.mark.parametrize("options", [{"size": 10, "wait": 0}])
async def test_batches_take_no_runner_that_is_reserved(autojump_clock, letters, calls, options):
    await enqueue(letters, *["sleep"] * 40)
    reserving = replace(alone(), workers=3, reserve=Reservation(1, 50))
    async with running_worker(letters, reserving):
        await trio.sleep(1)
        assert calls.sizes == [10, 10]
        await letters.queue.enqueue(Plain(name="urgent"), priority=50)
        began = trio.current_time()
        await trio.sleep(1)

    assert [name for _, name in calls.plain] == ["urgent"]
    assert calls.plain[0][0] - began < 0.1
