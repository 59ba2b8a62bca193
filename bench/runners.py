"""Throughput against the number of runners in one process: does concurrency cost?"""

import statistics
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.app import Noop
from bench.measurement import Measurement, alternate, ratio
from bench.processes import drain, rate
from bench.setting import Setting

STEPS = (1, 4, 16, 64, 256, 1024)


async def measure(setting: Setting) -> list[Measurement]:
    """Drain the same number of jobs with 1 to `workers` runners, in turns."""
    steps = [step for step in STEPS if step < setting.workers] + [setting.workers]
    runs = await alternate(setting.rounds, {str(step): _side(setting, step) for step in steps})
    return [
        Measurement(
            metric="throughput_by_runners",
            value=statistics.median(runs[str(step)]),
            unit="jobs/s",
            says="jobs of type noop, as in throughput, with so many runners (workers) in one process",
            more={
                "workers": step,
                "processes": 1,
                "ratioToFewest": ratio(runs[str(step)], runs[str(steps[0])]),
                "runs": runs[str(step)],
            },
        )
        for step in steps
    ]


def _side(setting: Setting, workers: int) -> Callable[[], Awaitable[float]]:
    async def sample() -> float:
        return rate(await drain(replace(setting, workers=workers), Noop(), processes=1), setting.jobs)

    return sample
