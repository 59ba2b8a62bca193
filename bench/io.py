"""Handlers that wait: how close many runners in one process come to waiting all at once."""

from bench.app import Sleep
from bench.harness import Measurement, Setting, drain, rate

SECONDS = 0.01


async def measure(setting: Setting) -> list[Measurement]:
    """Fill the queue with jobs that sleep 10 ms each, then run real worker processes until nothing is due."""
    found = rate(await drain(setting, Sleep(seconds=SECONDS)), setting.jobs)
    ideal = setting.workers * setting.processes / SECONDS
    return [
        Measurement(
            metric="io",
            value=found,
            unit="jobs/s",
            says=f"jobs that sleep {SECONDS * 1000:g} ms; without any cost of ours it were {ideal:,.0f}",
            more={"ideal": ideal, "shareOfIdeal": found / ideal},
        )
    ]
