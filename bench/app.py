"""The application that is measured: job types that do nothing, wait, fail, compute, or answer.

Every type has defaults for all its fields, so `{}` is valid for each.
"""

import os
import time

import structlog
import trio
from pydantic import Field

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.retry import Retry

START_PIPE = "BENCH_START_PIPE"
"""The variable that names a descriptor to which `echo` writes the moment it starts."""

app = App("bench")


class Noop(Job, type="noop"):
    """Nothing: what remains is the runtime's own cost."""


class Sleep(Job, type="sleep"):
    """Waits, as a call to another service does."""

    seconds: float = Field(default=1.0, ge=0, le=86_400)


class Fail(Job, type="fail"):
    """Fails so often, then succeeds."""

    times: int = Field(default=2, ge=0, le=1000)


class Spin(Job, type="spin"):
    """Computes: holds a processor for so long."""

    seconds: float = Field(default=0.1, ge=0, le=3600)


class Echo(Job, type="echo"):
    """Says its message."""

    message: str = ""


@app.handler()
async def noop(_job: Noop) -> None:  # noqa: ASYNC124
    """Do nothing."""


@app.handler(timeout=90_000)
async def sleep(job: Sleep) -> None:
    """Wait."""
    await trio.sleep(job.seconds)


@app.handler(retry=Retry(base=0.1, cap=1.0))
async def fail(job: Fail, ctx: Context) -> None:  # noqa: ASYNC124
    """Fail in the first `times` attempts."""
    if ctx.attempt <= job.times:
        raise RuntimeError(f"attempt {ctx.attempt} of {job.times} that fail")


@app.handler(cpu=True, timeout=3700)
def spin(job: Spin) -> None:
    """Hold a processor."""
    until = time.thread_time() + job.seconds
    while time.thread_time() < until:
        pass


@app.handler()
async def echo(job: Echo, ctx: Context) -> None:  # noqa: ASYNC124
    """Say the message; for the latency bench also when, on the clock that all processes share."""
    pipe = os.environ.get(START_PIPE)
    if pipe is not None:
        line = f"{ctx.job_id} {time.clock_gettime_ns(time.CLOCK_MONOTONIC)}\n"
        os.write(int(pipe), line.encode())
        return
    structlog.stdlib.get_logger("bench").info("echo", message=job.message, job=ctx.job_id)
