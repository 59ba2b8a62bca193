"""Obstacles: many older jobs of a type that may not start now, in front of those that may."""

import statistics
from functools import partial

from bench.app import Echo, Noop
from bench.measurement import Measurement, alternate, ratio
from bench.processes import rate, worker
from bench.rows import fill, forget_completed
from bench.setting import Setting, prefill
from bench.worker import Orders
from runtime.model.records import Status

TRICKLE = "0.001/h:1"
"""A limit whose bucket is empty after one start, for months."""
BLOCKED, FREE = Echo.policy.type, Noop.policy.type


async def measure_obstacles(setting: Setting, rows: int) -> list[Measurement]:
    """The rate of a type that is free: alone, behind `rows` of a paused type, and of one without tokens."""
    places = {"free": setting.place(), "paused": setting.place(), "without_tokens": setting.place()}
    for obstacle in ("paused", "without_tokens"):
        await fill(places[obstacle], BLOCKED, Status.PENDING, rows)
    async with setting.open(places["paused"]) as deployment:
        await deployment.queue.pause(BLOCKED)
    async with setting.open(places["without_tokens"]) as deployment:
        await deployment.queue.set_limit(BLOCKED, TRICKLE)
    await _drain_bucket(setting, places["without_tokens"])
    sides = {name: partial(_sample, setting, url) for name, url in places.items()}
    runs = await alternate(setting.rounds, sides)
    return [
        Measurement(
            metric="scale_blocked",
            value=statistics.median(runs[obstacle]),
            unit="jobs/s",
            says=f"jobs of type noop behind {rows:,} older ones of a type that is {_words(obstacle)}",
            more={
                "obstacle": obstacle,
                "rows": rows,
                "processes": 1,
                "ratioToFree": ratio(runs[obstacle], runs["free"]),
                "runs": runs[obstacle],
            },
        )
        for obstacle in ("paused", "without_tokens")
    ]


async def _sample(setting: Setting, url: str) -> float:
    async with setting.open(url) as deployment:
        await prefill(deployment, Noop(), setting.jobs)
    orders = Orders(db=url, workers=setting.workers, durable=setting.durable, stop_after=setting.jobs)
    found = rate([await worker(orders)], setting.jobs)
    await forget_completed(url, FREE)
    return found


async def _drain_bucket(setting: Setting, url: str) -> None:
    """Let the one job start that the bucket has a token for."""
    await worker(Orders(db=url, workers=1, durable=setting.durable, stop_after=1, only=BLOCKED))


def _words(obstacle: str) -> str:
    return obstacle.replace("_", " ")
