"""Pick-up latency: from an enqueue in one process to the start of its handler in another, idle one."""

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from bench.app import START_PIPE, Echo
from bench.bare_pickup import bare_pickups
from bench.measurement import Measurement, percentile
from bench.processes import command, running
from bench.setting import Setting
from bench.worker import Orders
from runtime.app import Deployment
from runtime.clock import SystemClock

FOR_EVER = 1_000_000_000
WARM_UP = 20
SAYS = "from the call of enqueue() in one process to the start of the handler in another, idle one"
BARE = "one row, committed in one process and taken by another that was told, without an engine"


async def measure(setting: Setting) -> list[Measurement]:
    """One job at a time, at moments that keep no step with the worker's polls."""
    chance = random.Random(1)
    called, stored = [], []
    url = setting.place()
    async with setting.open(url) as deployment, _worker(setting, url) as starts:
        for number in range(-min(WARM_UP, setting.jobs), setting.jobs):
            await trio.sleep(chance.uniform(0.002, 0.02))
            from_call, from_commit = await _one(deployment, starts)
            if number >= 0:
                called.append(from_call * 1000)
                stored.append(from_commit * 1000)
    bare = await bare_pickups(setting, setting.jobs)
    p50, p99 = percentile(called, 0.5), percentile(called, 0.99)
    bare_p50, bare_p99 = percentile(bare, 0.5), percentile(bare, 0.99)
    more = {
        "timesBare": p50 / bare_p50,
        "fromCommitP50": percentile(stored, 0.5),
        "fromCommitP99": percentile(stored, 0.99),
        "max": max(called),
        "milliseconds": sorted(called),
    }
    return [
        Measurement(metric="latency_p50", value=p50, unit="ms", says=SAYS, more=more),
        Measurement(
            metric="latency_p99", value=p99, unit="ms", says=SAYS, more={"timesBare": p99 / bare_p99}
        ),
        Measurement(metric="bare_p50", value=bare_p50, unit="ms", says=BARE, more={"workers": 0}),
        Measurement(metric="bare_p99", value=bare_p99, unit="ms", says=BARE, more={"workers": 0}),
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
async def _worker(setting: Setting, url: str) -> AsyncIterator[trio.abc.ReceiveStream]:
    """A worker process that is ready and idle; the stream of its handlers' starts."""
    reading, writing = os.pipe()
    orders = Orders(db=url, workers=setting.workers, durable=setting.durable, stop_after=FOR_EVER)
    arguments = command("worker", orders.text())
    async with trio.lowlevel.FdStream(reading) as starts:
        try:
            environment = {START_PIPE: str(writing)}
            async with running(arguments, environment=environment, pass_fds=[writing]):
                yield starts
        finally:
            os.close(writing)
