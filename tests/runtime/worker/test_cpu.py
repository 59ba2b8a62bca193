"""Functions in processes of their own: the answer or the error comes back; a cancelled one is killed."""

import os
import time

import pytest
import trio
import trio_parallel

from runtime.job import Job
from runtime.worker.cpu import run_in_process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Count(Job, type="count"):
    to: int = 0
    file: str = ""


class Own(Exception):
    pass


def where(job: Count) -> tuple[int, int]:
    return os.getpid(), job.to + 1


def fail(job: Count) -> None:
    raise Own(f"at {job.to}")


def die(job: Count) -> None:
    os._exit(3)


def burn(job: Count) -> None:
    """Say that it has begun, then never let go of the processor."""
    descriptor = os.open(job.file, os.O_WRONLY)
    os.write(descriptor, str(os.getpid()).encode())
    os.close(descriptor)
    while True:
        pass


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_runs_elsewhere_and_its_answer_comes_back():
    process, answer = await run_in_process(where, Count(to=41))

    assert answer == 42
    assert process != os.getpid()


async def test_its_error_comes_back_as_itself():
    with pytest.raises(Own, match="at 7"):
        await run_in_process(fail, Count(to=7))


async def test_a_process_that_dies_is_an_error_and_the_next_one_runs():
    with pytest.raises(trio_parallel.BrokenWorkerError):
        await run_in_process(die, Count())

    assert (await run_in_process(where, Count(to=1)))[1] == 2


async def test_a_cancelled_one_is_killed_however_busy_it_is(tmp_path):
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    begun = trio.Event()
    told: list[int] = []

    async def listen():
        told.append(int(await trio.to_thread.run_sync(pipe.read_text)))
        begun.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        nursery.start_soon(run_in_process, burn, Count(file=str(pipe)))
        await begun.wait()
        began = time.monotonic()
        nursery.cancel_scope.cancel()

    assert time.monotonic() - began < 5
    assert not alive(told[0])


async def test_the_loop_goes_on_meanwhile():
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await trio.sleep(0.001)
            ticks += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        await run_in_process(nap, Count())
        nursery.cancel_scope.cancel()

    assert ticks > 10


def nap(job: Count) -> None:
    time.sleep(0.2)
