"""What a rate limit costs that is never hit."""

import statistics

from bench.app import Noop
from bench.measurement import Measurement, alternate, ratio
from bench.processes import rate, worker
from bench.setting import Setting, prefill
from bench.worker import Orders

NEVER_HIT = "1000000000/s"


async def measure(setting: Setting) -> list[Measurement]:
    """Drain the same queue with and without a limit, in turns."""

    async def sample(rates: dict[str, str]) -> float:
        url = setting.place()
        async with setting.open(url) as deployment:
            await prefill(deployment, Noop(), setting.jobs)
        orders = Orders(db=url, workers=setting.workers, durable=setting.durable, rates=rates)
        found = rate([await worker(orders)], setting.jobs)
        if setting.db is not None and rates:  # it is stored, and the next round goes without
            async with setting.open(url) as deployment:
                await deployment.queue.remove_limit("noop")
        return found

    runs = await alternate(
        setting.rounds,
        {"free": lambda: sample({}), "limited": lambda: sample({"noop": NEVER_HIT})},
    )
    return [
        Measurement(
            metric="limits",
            value=statistics.median(runs["limited"]),
            unit="jobs/s",
            says=f"jobs of type noop as in throughput, with a limit of {NEVER_HIT} on their type",
            more={
                "processes": 1,
                "ratioToUnlimited": ratio(runs["limited"], runs["free"]),
                "unlimited": statistics.median(runs["free"]),
                "runs": runs["limited"],
                "runsUnlimited": runs["free"],
            },
        )
    ]
