"""Memory: what an idle worker holds, and whether one that has run many jobs holds more and more."""

import trio

from bench.app import Noop
from bench.machine import resident
from bench.measurement import Measurement
from bench.processes import command, running, worker
from bench.setting import Setting, prefill
from bench.worker import Orders

QUARTERS = 4
SETTLING = 0.5
"""Seconds that a worker has been ready when it is looked at."""


async def measure(setting: Setting) -> list[Measurement]:
    """An idle worker of the `creche` command; then one that runs `jobs` jobs, looked at four times."""
    return [await _idle(setting), await _growth(setting)]


async def _idle(setting: Setting) -> Measurement:
    orders = Orders(db=setting.place(), workers=setting.workers, durable=setting.durable, stop_after=1)
    async with running(command("worker", orders.text())) as idle:
        await trio.sleep(SETTLING)
        whole, anonymous = resident(idle.process.pid)
    return Measurement(
        metric="memory_idle",
        value=whole,
        unit="MiB",
        says=f"resident memory of a worker process {SETTLING:g} s after it became ready, nothing to do",
        more={"jobs": 0, "processes": 1, "withoutFiles": anonymous},
    )


async def _growth(setting: Setting) -> Measurement:
    quarter = max(1, setting.jobs // QUARTERS)
    url = setting.place()
    async with setting.open(url) as deployment:
        await prefill(deployment, Noop(), quarter * QUARTERS)
    window = await worker(
        Orders(db=url, workers=setting.workers, durable=setting.durable, mark_every=quarter)
    )
    held = {ended: whole for ended, whole, _ in window.marks}
    anonymous = {ended: own for ended, _, own in window.marks}
    second, fourth = quarter * 2, quarter * QUARTERS
    return Measurement(
        metric="memory_growth",
        value=held[fourth] - held[second],
        unit="MiB",
        says=f"how much more resident memory a worker holds after {fourth:,} jobs than after {second:,}",
        more={
            "jobs": fourth,
            "processes": 1,
            "growthWithoutFiles": anonymous[fourth] - anonymous[second],
            "afterEachQuarter": [held[quarter * (number + 1)] for number in range(QUARTERS)],
        },
    )
