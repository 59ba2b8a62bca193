"""Handlers that wait: how close many runners in one process come to waiting all at once."""

import statistics

from bench.app import Sleep
from bench.measurement import Measurement, alternate
from bench.processes import drain, rate
from bench.setting import Setting

SECONDS = 0.01


async def measure(setting: Setting) -> list[Measurement]:
    """Fill the queue with jobs that sleep 10 ms each, then run real worker processes until nothing is due."""

    async def sample() -> float:
        return rate(await drain(setting, Sleep(seconds=SECONDS)), setting.jobs)

    runs = (await alternate(setting.rounds, {"io": sample}))["io"]
    found = statistics.median(runs)
    ideal = setting.workers * setting.processes / SECONDS
    return [
        Measurement(
            metric="io",
            value=found,
            unit="jobs/s",
            says=f"jobs that sleep {SECONDS * 1000:g} ms; without any cost of ours it were {ideal:,.0f}",
            more={"ideal": ideal, "shareOfIdeal": found / ideal, "runs": runs},
        )
    ]
