"""What limits cost that are never hit: a rate of the type; a rate and a concurrency of each key."""

import statistics
from functools import partial

from bench.app import Noop
from bench.keyed import NEVER_HIT as NEVER_HIT_BY_A_KEY
from bench.keyed import USERS, KeyLimit, visits, with_keys
from bench.measurement import Measurement, alternate, ratio
from bench.processes import rate, worker
from bench.setting import PREFILL_AT_ONCE, Setting, prefill
from bench.worker import Orders

NEVER_HIT = "1000000000/s"


async def measure(setting: Setting) -> list[Measurement]:
    """Drain a queue with and without a limit of its type, in turns; then one with limits of its keys."""
    return [*await _of_types(setting), *await _of_keys(setting)]


async def _of_types(setting: Setting) -> list[Measurement]:

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


async def _of_keys(setting: Setting) -> list[Measurement]:
    async def sample(limit: KeyLimit) -> float:
        url, jobs = setting.place(), visits(setting.jobs)
        async with with_keys(limit).open(url, durable=setting.durable) as deployment:
            for start in range(0, len(jobs), PREFILL_AT_ONCE):
                await deployment.queue.enqueue_many(jobs[start : start + PREFILL_AT_ONCE])
        orders = Orders(db=url, workers=setting.workers, durable=setting.durable, keyed=limit)
        return rate([await worker(orders)], setting.jobs)

    limits: tuple[KeyLimit, ...] = ("none", "rate", "concurrency")
    runs = await alternate(setting.rounds, {limit: partial(sample, limit) for limit in limits})
    return [
        Measurement(
            metric=f"limits_key_{limit}",
            value=statistics.median(runs[limit]),
            unit="jobs/s",
            says=f"jobs of {USERS:,} users in turn, with a {limit} of {NEVER_HIT_BY_A_KEY:,} for each user",
            more={
                "processes": 1,
                "ratioToUnlimited": ratio(runs[limit], runs["none"]),
                "unlimited": statistics.median(runs["none"]),
                "runs": runs[limit],
                "runsUnlimited": runs["none"],
            },
        )
        for limit in limits[1:]
    ]
