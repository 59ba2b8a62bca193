"""What handlers should not do, by name."""

import os
import signal
import time

import apsw
import trio

from runtime.context import Context
from runtime.job import Job
from tests.system.torture_app import note


class Misbehave(Job, type="misbehave", max_attempts=1):
    """Does what a handler should not."""

    how: str
    seconds: float = 60.0


class Err(Misbehave, type="err", max_attempts=1):
    """The same with time enough, whatever the machine and its neighbours do meanwhile."""


async def _swallow(_job: Misbehave, _ctx: Context) -> None:
    with trio.CancelScope() as own:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:  # noqa: ASYNC103 - the point
            own.cancel()


async def _swallow_for_long(job: Misbehave, _ctx: Context) -> None:
    ends = time.monotonic() + job.seconds
    while time.monotonic() < ends:
        try:
            await trio.sleep(0.05)
        except BaseException:  # noqa: ASYNC103 - the point
            time.sleep(0.01)  # noqa: ASYNC251
        # its cancellation is delivered again at once, for ever


async def _shield(job: Misbehave, _ctx: Context) -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(job.seconds)


async def _clean_up_unshielded(_job: Misbehave, ctx: Context) -> None:
    try:
        await trio.sleep_forever()
    finally:
        await trio.sleep(0.1)  # noqa: ASYNC102 - cancelled again
        note("cleaned up", ctx)


async def _leak(_job: Misbehave, _ctx: Context) -> None:
    nursery = trio.lowlevel.current_task().parent_nursery
    assert nursery is not None
    nursery.start_soon(trio.sleep_forever)


async def _leak_a_bomb(_job: Misbehave, _ctx: Context) -> None:
    async def bomb() -> None:
        await trio.sleep(0.05)
        raise ValueError("a leaked task")

    nursery = trio.lowlevel.current_task().parent_nursery
    assert nursery is not None
    nursery.start_soon(bomb)


async def _fail_in_a_child(_job: Misbehave, ctx: Context) -> None:
    async def fail() -> None:
        await trio.sleep(0.01)
        raise ValueError("a child")

    ctx.nursery.start_soon(fail)
    await trio.sleep_forever()


async def _raise_a_group(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise BaseExceptionGroup("many", [ValueError("one"), BaseExceptionGroup("more", [SystemExit(2)])])


async def _exit(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise SystemExit(3)


async def _generator_exit(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise GeneratorExit


async def _interrupt(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise KeyboardInterrupt


async def _exhaust_memory(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise MemoryError


async def _recurse(job: Misbehave, ctx: Context) -> None:
    await _recurse(job, ctx)


async def _block(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    time.sleep(1.4)  # noqa: ASYNC251 - the point


async def _wait_for_a_thread(_job: Misbehave, _ctx: Context) -> None:
    await trio.to_thread.run_sync(time.sleep, 60, abandon_on_cancel=True)


async def _change_the_process(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    os.chdir("/")  # noqa: ASYNC240
    os.environ["CRECHE_DB"] = "sqlite:///elsewhere.db"
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.umask(0)


async def _deadlock(_job: Misbehave, _ctx: Context) -> None:
    limiter = trio.CapacityLimiter(1)
    async with limiter:
        await limiter.acquire_on_behalf_of("itself")


async def _hold_the_database(_job: Misbehave, _ctx: Context) -> None:
    connection = apsw.Connection(os.environ["TORTURE_DB"], flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(5000)
    try:
        connection.execute("BEGIN IMMEDIATE")
        await trio.sleep_forever()
    finally:
        connection.close()


async def _talk(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    for _ in range(200):
        print("x" * 100_000)


async def _misnest(_job: Misbehave, _ctx: Context) -> None:
    outer, inner = trio.CancelScope(), trio.CancelScope()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)


async def _abandon_a_generator(_job: Misbehave, _ctx: Context) -> None:
    async def numbers():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            yield 1

    async for _ in numbers():
        raise ValueError("in the middle of it")


async def _say_something_terrible(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise RuntimeError("\ud800 \x00 \x1b]0;title\x07 " + "long " * 1_000_000)


class _Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


async def _say_nothing(_job: Misbehave, _ctx: Context) -> None:  # noqa: ASYNC124
    raise _Unspeakable


MISDEEDS = {
    "block": _block,
    "swallow": _swallow,
    "swallow for long": _swallow_for_long,
    "shield": _shield,
    "clean up unshielded": _clean_up_unshielded,
    "leak": _leak,
    "leak a bomb": _leak_a_bomb,
    "fail in a child": _fail_in_a_child,
    "raise a group": _raise_a_group,
    "exit": _exit,
    "generator exit": _generator_exit,
    "interrupt": _interrupt,
    "exhaust memory": _exhaust_memory,
    "recurse": _recurse,
    "wait for a thread": _wait_for_a_thread,
    "change the process": _change_the_process,
    "deadlock": _deadlock,
    "hold the database": _hold_the_database,
    "talk": _talk,
    "misnest": _misnest,
    "abandon a generator": _abandon_a_generator,
    "say something terrible": _say_something_terrible,
    "say nothing": _say_nothing,
}
