"""Clocks: the machine's, comparable between processes; and one that follows trio's, for virtual time."""

import subprocess
import sys

import pytest
import trio

from runtime.clock import SystemClock, TrioClock


def test_the_machines_clock_never_goes_back():
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(1000)]

    assert readings == sorted(readings)
    assert readings[0] < readings[-1]


@pytest.mark.slow
def test_monotonic_time_and_the_boot_are_the_same_for_every_process():
    clock = SystemClock()
    code = "from runtime.clock import SystemClock as C; c = C(); print(c.monotonic(), c.now(), c.boot())"

    before, wall_before = clock.monotonic(), clock.now()
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after, wall_after = clock.monotonic(), clock.now()

    monotonic, wall, boot = told.stdout.split()
    assert before < float(monotonic) < after
    assert wall_before < float(wall) < wall_after
    assert boot == clock.boot()
    assert boot


async def test_virtual_time_passes_as_trios_does_and_begins_where_it_is_told(autojump_clock):
    clock, other = TrioClock(), TrioClock(start=1000.0)
    began = clock.now()
    assert began == pytest.approx(1_767_225_600.0)

    await trio.sleep(30 * 86_400)

    assert clock.now() - began == pytest.approx(30 * 86_400)
    assert other.now() == pytest.approx(1000 + 30 * 86_400)
    assert clock.monotonic() == trio.current_time() == other.monotonic()
    assert clock.boot() == other.boot()
