"""The application under torture: handlers that wait, block, shield, spread out and misbehave, and take notes.

Each note is one JSON line appended by one write, so notes of all processes stand
in one file, in order, and survive the death of who wrote them.
"""

import json
import os
import time
from typing import Literal

import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.retry import Retry

NOTES = "TORTURE_NOTES"
"""The variable that names the file."""

app = App("torture")


class Echo(Job, type="echo"):
    """Says that it ran."""

    message: str = ""


class Sleep(Job, type="sleep"):
    """Waits."""

    seconds: float = 60.0


class SleepOnce(Job, type="sleep_once"):
    """Waits the first time that it is claimed, not again unless told so."""

    seconds: float = 60.0
    every_time: bool = False


class Block(Job, type="block"):
    """Blocks the event loop the first time that it is claimed."""

    seconds: float = 60.0


class Shield(Job, type="shield"):
    """Shields its wait from cancellation the first time that it is claimed."""

    seconds: float = 1.0


class Children(Job, type="children"):
    """Waits in tasks of its own."""

    count: int = 3


class OutOfTime(Job, type="out_of_time", max_attempts=1):
    """Waits in tasks of its own, longer than it may, and cleans up slowly."""


class Effect(Job, type="effect"):
    """Waits, then enqueues an echo in the transaction of its completion."""

    seconds: float = 1.0


class Misbehave(Job, type="misbehave", max_attempts=2):
    """Does what a handler should not."""

    how: Literal["exit", "group", "swallow", "leak", "block", "fail"]


def note(what: str, ctx: Context, **more: str) -> None:
    """Append a line: what happened to which job's which claim, in which process, when."""
    line = {
        "what": what,
        "job": ctx.job_id,
        "claim": ctx.fence,
        "pid": os.getpid(),
        "at": time.monotonic(),
        "now": ctx.now(),
        **more,
    }
    file = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)


async def wait(seconds: float, ctx: Context, name: str) -> None:
    """Wait, and note how that ended."""
    note("start", ctx, name=name)
    try:
        await trio.sleep(seconds)
    except trio.Cancelled:
        note("cancelled", ctx, name=name)
        raise
    note("end", ctx, name=name)


@app.handler()
async def echo(job: Echo, ctx: Context) -> None:  # noqa: ASYNC124
    note("start", ctx, name=job.message)


@app.handler()
async def sleep(job: Sleep, ctx: Context) -> None:
    await wait(job.seconds, ctx, "sleep")


@app.handler()
async def sleep_once(job: SleepOnce, ctx: Context) -> None:
    await wait(job.seconds if ctx.fence == 1 or job.every_time else 0, ctx, "sleep_once")


@app.handler()
async def block(job: Block, ctx: Context) -> None:  # noqa: ASYNC124
    note("start", ctx)
    if ctx.fence == 1:
        time.sleep(job.seconds)  # noqa: ASYNC251 - the point


@app.handler()
async def shield(job: Shield, ctx: Context) -> None:
    with trio.CancelScope(shield=ctx.fence == 1):
        await wait(job.seconds if ctx.fence == 1 else 0, ctx, "shield")


@app.handler()
async def children(job: Children, ctx: Context) -> None:
    for number in range(job.count):
        ctx.nursery.start_soon(wait, 60.0, ctx, f"child {number}")
    await wait(60.0, ctx, "parent")


@app.handler(timeout=0.5)
async def out_of_time(_job: OutOfTime, ctx: Context) -> None:
    async def wait_and_clean_up(name: str) -> None:
        try:
            await wait(60.0, ctx, name)
        finally:
            with trio.move_on_after(1, shield=True):
                await trio.sleep(0.05)
                note("cleaned up", ctx, name=name)

    for number in range(2):
        ctx.nursery.start_soon(wait_and_clean_up, f"child {number}")
    await wait_and_clean_up("parent")


@app.handler()
async def effect(job: Effect, ctx: Context) -> None:
    note("start", ctx)
    await trio.sleep(job.seconds)
    ctx.enqueue(Echo(message=f"effect of {ctx.job_id}"))
    note("end", ctx)


@app.handler(timeout=0.3, retry=Retry(base=0.2, factor=2, cap=1, jitter=0))
async def misbehave(job: Misbehave, ctx: Context) -> None:
    note("start", ctx, name=job.how)
    match job.how:
        case "exit":
            raise SystemExit(3)
        case "group":
            raise ExceptionGroup("many", [ValueError("one"), KeyError("two")])
        case "swallow":
            with trio.CancelScope() as own:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:  # noqa: ASYNC103 - the point
                    own.cancel()
        case "leak":
            nursery = trio.lowlevel.current_task().parent_nursery
            assert nursery is not None
            nursery.start_soon(wait, 60.0, ctx, "leaked")
        case "block":
            time.sleep(1.4)  # noqa: ASYNC251 - the point
        case "fail":
            raise RuntimeError(f"attempt {ctx.attempt} fails")
