"""Handlers that wait: how close many runners in one process come to waiting all at once."""

import statistics

import trio

from bench.app import Sleep
from bench.measurement import Measurement, alternate, ratio
from bench.processes import drain, rate
from bench.setting import Setting

SECONDS = 0.01
TIMEOUT = 300.0


async def measure(setting: Setting) -> list[Measurement]:
    """Fill the queue with jobs that sleep 10 ms each, then run real worker processes until nothing is due."""

    async def sample() -> float:
        return rate(await drain(setting, Sleep(seconds=SECONDS)), setting.jobs)

    async def bare_sample() -> float:
        return await trio.to_thread.run_sync(trio.run, bare, setting.workers, setting.jobs)

    runs = await alternate(setting.rounds, {"io": sample, "io_bare": bare_sample})
    found = statistics.median(runs["io"])
    ideal = setting.workers * setting.processes / SECONDS
    return [
        Measurement(
            metric="io",
            value=found,
            unit="jobs/s",
            says=f"jobs that sleep {SECONDS * 1000:g} ms; without any cost of ours it were {ideal:,.0f}",
            more={
                "ideal": ideal,
                "shareOfIdeal": found / ideal,
                "ratioToBare": ratio(runs["io"], runs["io_bare"]),
                "runs": runs["io"],
            },
        ),
        Measurement(
            metric="io_bare",
            value=statistics.median(runs["io_bare"]),
            unit="jobs/s",
            says="as many tasks of trio that sleep so in scopes with a deadline, and do nothing else",
            more={"processes": 1, "runs": runs["io_bare"]},
        ),
    ]


async def bare(tasks: int, jobs: int) -> float:
    """Sleeps a second, of tasks that do nothing else."""
    left = jobs

    async def one() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            with trio.move_on_after(TIMEOUT):
                await trio.sleep(SECONDS)
            await trio.lowlevel.checkpoint()

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(tasks):
            nursery.start_soon(one)
    return jobs / (trio.current_time() - began)
