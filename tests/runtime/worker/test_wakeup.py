"""Wakeups: a set is never lost, and one wait uses it up; where many come, one serves them all."""

import pytest
import trio

from runtime.model.pace import LONGEST_REST
from runtime.worker.wakeup import PacedWakeup, Wakeup


async def test_a_waiter_is_woken(autojump_clock):
    wakeup = Wakeup()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wakeup.wait)
        await trio.testing.wait_all_tasks_blocked()
        wakeup.set()

    assert trio.current_time() == pytest.approx(0, abs=0.1)


async def test_a_set_before_the_wait_is_not_lost_and_wakes_once(autojump_clock):
    wakeup = Wakeup()
    wakeup.set()
    wakeup.set()

    began = trio.current_time()
    await wakeup.wait(10)
    assert trio.current_time() - began < 1
    await wakeup.wait(10)
    assert trio.current_time() - began == pytest.approx(10)


@pytest.mark.parametrize("seconds", [0, -5])
async def test_a_wait_of_no_time_is_over_at_once(autojump_clock, seconds):
    began = trio.current_time()
    await Wakeup().wait(seconds)

    assert trio.current_time() == began


async def test_a_cancelled_wait_leaves_the_set_for_the_next(autojump_clock):
    wakeup = Wakeup()
    with trio.CancelScope() as scope:
        scope.cancel()
        wakeup.set()
        await wakeup.wait()
    assert scope.cancelled_caught

    with trio.fail_after(1):
        await wakeup.wait()


async def test_nobody_sleeps_through_a_set_that_came_after_the_last_look(autojump_clock):
    wakeup, told, seen = Wakeup(), [], 0

    async def look():
        nonlocal seen
        while seen < 100:
            await wakeup.wait()
            seen = len(told)

    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            for number in range(100):
                told.append(number)
                wakeup.set()
                await trio.lowlevel.checkpoint()


async def test_a_paced_one_wakes_at_once_where_it_is_set_now_and_then(autojump_clock):
    wakeup = PacedWakeup()
    for _ in range(20):
        await trio.sleep(0.05)
        wakeup.set()
        began = trio.current_time()
        await wakeup.wait()
        assert trio.current_time() == began


async def test_where_it_is_set_thick_and_fast_a_paced_one_wakes_once_for_all_that_comes_in_a_rest(
    autojump_clock,
):
    wakeup, told, seen = PacedWakeup(), [], []

    async def look():
        while True:
            await wakeup.wait()
            seen.append(len(told))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        for number in range(1000):
            told.append(number)
            wakeup.set()
            await trio.sleep(0.001)
        await trio.sleep(LONGEST_REST)
        nursery.cancel_scope.cancel()

    assert seen[-1] == len(told), "none is slept through"
    assert len(seen) < 100
    assert sorted(set(seen)) == seen, "none looks for nothing"
