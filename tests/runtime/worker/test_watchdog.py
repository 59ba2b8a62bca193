"""The watchdog sees from outside that the loop is blocked, and leaves by force when nothing else helps."""

import subprocess
import sys
import threading
import time

import pytest
import trio

from runtime.events import Events
from runtime.worker.watchdog import FORCED_EXIT, STALL, TICK, Watchdog, open_watchdog


class Log(Events):
    """Notes what was said."""

    def __init__(self):
        super().__init__()
        self.stalls = []
        self.exits = []
        self.told = threading.Event()

    def loop_stalled(self, seconds, jobs, stack):
        self.stalls.append((seconds, list(jobs), stack))
        self.told.set()

    def forced_exit(self, seconds):
        self.exits.append(seconds)


class Bench:
    """A watchdog whose time is set here, and which writes down that it has left."""

    def __init__(self, events=None):
        self.time = 1000.0
        self.left = []
        self.log = events or Log()
        self.dog = Watchdog(self.log, lambda: ["mail 1"], monotonic=lambda: self.time, leave=self.left.append)

    def look_after(self, seconds):
        self.time += seconds
        self.dog.look()


@pytest.fixture
def bench():
    return Bench()


async def tick(bench):
    """Let the loop tick once."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.dog.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_a_loop_that_ticks_is_not_reported(bench):
    for _ in range(20):
        bench.look_after(STALL * 0.9)
        await tick(bench)

    assert bench.log.stalls == []


async def test_a_blocked_loop_is_reported_once_with_what_runs_and_where_it_hangs(bench):
    bench.look_after(STALL + 0.5)
    bench.look_after(10)

    ((seconds, jobs, stack),) = bench.log.stalls
    assert (seconds, jobs) == (STALL + 0.5, ["mail 1"])
    assert "test_a_blocked_loop_is_reported" in stack


async def test_a_loop_that_blocks_again_is_reported_again(bench):
    bench.look_after(STALL)
    await tick(bench)
    bench.look_after(0.1)
    bench.look_after(STALL)

    assert len(bench.log.stalls) == 2


def test_unarmed_it_never_leaves(bench):
    bench.look_after(1e6)

    assert bench.left == []


def test_armed_it_leaves_after_its_time_and_not_before(bench):
    bench.dog.arm(30)
    bench.look_after(30)
    assert bench.left == []

    bench.look_after(0.1)
    assert bench.left == [FORCED_EXIT]
    assert bench.log.exits == [pytest.approx(30.1)]


def test_of_several_deadlines_the_earliest_stands(bench):
    bench.dog.arm(30)
    bench.time += 5
    bench.dog.arm(2)
    bench.dog.arm(100)
    bench.look_after(2.1)

    assert bench.left == [FORCED_EXIT]
    assert bench.log.exits == [pytest.approx(7.1)]


def test_a_log_that_cannot_be_written_holds_nobody_back():
    class Broken(Events):
        def loop_stalled(self, seconds, jobs, stack):
            raise BrokenPipeError

        def forced_exit(self, seconds):
            raise BrokenPipeError

    bench = Bench(Broken())
    bench.dog.arm(1)
    bench.look_after(5)

    assert bench.left == [FORCED_EXIT]


@pytest.mark.slow
async def test_its_thread_sees_a_handler_that_blocks_the_loop_in_the_act():
    log = Log()
    async with open_watchdog(log, lambda: ["mail 1"]):
        await trio.lowlevel.checkpoint()
        assert log.told.wait(STALL + 10 * TICK), "this waits on the loop's own thread: it is blocked"

    assert "told.wait" in log.stalls[0][2]


async def test_with_its_block_the_watch_ends():
    async with open_watchdog(Log(), list) as dog:
        assert dog._thread.is_alive()

    dog._thread.join(10 * TICK)
    assert not dog._thread.is_alive()


STUCK = """
import sys, threading, time, trio
from runtime.events import Events
from runtime.worker.watchdog import open_watchdog
class Words(Events):
    def forced_exit(self, seconds):
        sys.stderr.write("the last words")
async def main():
    async with open_watchdog(Words(), list) as dog:
        dog.arm(0.1)
        time.sleep(60)
trio.run(main)
"""


@pytest.mark.slow
def test_a_process_whose_loop_is_blocked_leaves_by_force_and_with_its_last_words():
    began = time.monotonic()

    ended = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30, check=False
    )

    assert (ended.returncode, ended.stderr) == (FORCED_EXIT, "the last words")
    assert time.monotonic() - began < 20
