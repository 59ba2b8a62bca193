"""Limits and pauses in a worker as a whole, in virtual time."""

import pytest
import trio

from runtime.testing import running_worker
from tests.runtime.obedient import Limited, Obey, Other


async def test_at_most_rate_times_seconds_plus_burst_jobs_start_in_any_window(
    autojump_clock, deployment, diary
):
    await deployment.queue.enqueue_many([Limited(name=str(n)) for n in range(20)])

    async with running_worker(deployment):
        await trio.sleep(30)

    starts = [at for _, at in diary.starts]
    assert len(starts) == 20
    for seconds in (1, 2, 5):
        assert max(sum(at <= s < at + seconds for s in starts) for at in starts) <= 2 * seconds + 2
    assert starts[-1] - starts[0] == pytest.approx(9, abs=0.5)


async def test_a_limit_is_one_for_all_workers_and_holds_over_restarts(autojump_clock, deployment, diary):
    await deployment.queue.enqueue_many([Limited(name=str(n)) for n in range(20)])

    for _ in range(3):
        async with running_worker(deployment), running_worker(deployment):
            await trio.sleep(1)

    assert len(diary.starts) <= 2 * 3 + 2


async def test_a_type_without_tokens_holds_nobody_back(autojump_clock, deployment, diary):
    await deployment.queue.enqueue_many([Limited(name="limited") for _ in range(50)], priority=100)
    await deployment.queue.enqueue_many([Obey(name="free") for _ in range(50)])

    async with running_worker(deployment):
        await trio.sleep(0.1)

    assert diary.names.count("free") == 50
    assert diary.names.count("limited") == 2


async def test_a_changed_limit_takes_effect_in_a_running_worker(autojump_clock, deployment, diary):
    await deployment.queue.enqueue_many([Limited(name=str(n)) for n in range(40)])

    async with running_worker(deployment):
        await trio.sleep(1)
        await deployment.queue.set_limit("limited", "100/s")
        await trio.sleep(2)

    assert len(diary.starts) == 40


async def test_a_paused_type_starts_when_it_is_resumed(autojump_clock, deployment, diary):
    await deployment.queue.pause("obey")
    await deployment.queue.enqueue(Obey(name="paused"))
    await deployment.queue.enqueue(Other(name="free"))

    async with running_worker(deployment):
        await trio.sleep(10)
        assert diary.names == ["free"]
        await deployment.queue.resume("obey")
        await trio.sleep(1)

    assert diary.names == ["free", "paused"]
