"""Pick-up latency: from an enqueue in one process to the start of its handler in another, idle one."""

import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from bench.app import START_PIPE, Echo
from bench.harness import Measurement, Setting, percentile, worker_command
from runtime.app import Deployment
from runtime.clock import SystemClock


async def measure(setting: Setting) -> list[Measurement]:
    """One job at a time, at moments that keep no step with the worker's polls."""
    chance = random.Random(1)
    called, stored = [], []
    async with setting.open() as deployment, _worker(setting) as starts:
        for _ in range(setting.jobs):
            await trio.sleep(chance.uniform(0.002, 0.02))
            from_call, from_commit = await _one(deployment, starts)
            called.append(from_call * 1000)
            stored.append(from_commit * 1000)
    says = "from the call of enqueue() in one process to the start of the handler in another, idle one"
    more = {
        "fromCommitP50": percentile(stored, 0.5),
        "fromCommitP99": percentile(stored, 0.99),
        "max": max(called),
    }
    return [
        Measurement(metric="latency_p50", value=percentile(called, 0.5), unit="ms", says=says, more=more),
        Measurement(metric="latency_p99", value=percentile(called, 0.99), unit="ms", says=says, more=more),
    ]


async def _one(deployment: Deployment, starts: trio.abc.ReceiveStream) -> tuple[float, float]:
    """Seconds from the call, and from its return, to the start."""
    clock = SystemClock()
    called = clock.monotonic()
    record = await deployment.queue.enqueue(Echo())
    stored = clock.monotonic()
    line = await starts.receive_some(100)  # a line is one atomic write, and only one job is under way
    job_id, nanoseconds = line.split()
    if int(job_id) != record.id:
        raise RuntimeError(f"job {int(job_id)} started instead of {record.id}")
    started = int(nanoseconds) / 1e9
    return started - called, started - stored


@asynccontextmanager
async def _worker(setting: Setting) -> AsyncIterator[trio.abc.ReceiveStream]:
    """A worker process that is ready and idle; the stream of its handlers' starts."""
    reading, writing = os.pipe()
    process = await trio.lowlevel.open_process(
        worker_command(setting, drain=False),
        env={**os.environ, START_PIPE: str(writing)},
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    try:
        if process.stderr is None or not (await process.stderr.receive_some(100)).startswith(b"ready"):
            raise RuntimeError("the worker process did not start")
        async with trio.lowlevel.FdStream(reading) as starts:
            yield starts
    finally:
        process.send_signal(signal.SIGTERM)
        with trio.move_on_after(10, shield=True):
            await process.wait()
        process.kill()
