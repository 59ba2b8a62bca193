"""Does the cost of a job grow with the rows in the queue, and do rows in front of it hold it up?"""

import itertools
import statistics
from collections.abc import Mapping

import trio

from bench.app import Echo, Noop
from bench.enqueue import together
from bench.measurement import Measurement, ratio
from bench.obstacles import measure_obstacles
from bench.processes import rate, worker
from bench.rows import fill, forget_completed
from bench.setting import Setting
from bench.worker import Orders
from runtime.app import Deployment
from runtime.errors import ConfigurationError
from runtime.model.records import Status

LOOKS = 200
"""How often statistics are asked for, a round."""

HISTORIES: Mapping[str, tuple[str, Status]] = {
    # Pending rows are of the type that is measured, and older: the jobs claimed are the oldest of them.
    "pending": (Noop.policy.type, Status.PENDING),
    "completed": (Echo.policy.type, Status.COMPLETED),
    "scheduled": (Echo.policy.type, Status.SCHEDULED),
}
SAYS = {
    "scale_claim": "claim, run and complete a job of type noop",
    "scale_enqueue": "enqueue by 64 tasks at once, each durable",
    "scale_stats": "one call of stats()",
}
Runs = dict[tuple[str, int, str], list[float]]
"""Microseconds, a round, by history, rows and metric."""


async def measure(setting: Setting) -> list[Measurement]:
    """Each size and history in turns, each in a file of its own; then rows that may not start, in front.

    Raises:
        ConfigurationError: a database was given; this needs many.
    """
    if setting.db is not None:
        raise ConfigurationError("scale makes databases of its own: leave --db out")
    rows = sorted(setting.rows)
    places = {}
    for (history, (job_type, status)), count in itertools.product(HISTORIES.items(), rows):
        places[history, count] = setting.place()
        await fill(places[history, count], job_type, status, count)
    runs: Runs = {}
    for number in range(setting.rounds):
        for history in HISTORIES:
            for count in rows if number % 2 == 0 else reversed(rows):
                for metric, value in (await _round(setting, places[history, count])).items():
                    runs.setdefault((history, count, metric), []).append(value)
    return [*_measurements(runs, rows), *await measure_obstacles(setting, rows[-1])]


async def _round(setting: Setting, url: str) -> dict[str, float]:
    """Enqueue so many jobs, ask for statistics, run so many; the queue is as long as before."""
    async with setting.open(url) as deployment:
        began = trio.current_time()
        await together(deployment, setting.jobs)
        enqueue = (trio.current_time() - began) / setting.jobs
        stats = await _ask(deployment)
    orders = Orders(db=url, workers=setting.workers, durable=setting.durable, stop_after=setting.jobs)
    claim = 1 / rate([await worker(orders)], setting.jobs)
    await forget_completed(url, Noop.policy.type)
    return {"scale_claim": claim * 1e6, "scale_enqueue": enqueue * 1e6, "scale_stats": stats * 1e6}


async def _ask(deployment: Deployment) -> float:
    taken = []
    for _ in range(LOOKS):
        began = trio.current_time()
        await deployment.queue.stats()
        taken.append(trio.current_time() - began)
    return statistics.median(taken)


def _measurements(runs: Runs, rows: list[int]) -> list[Measurement]:
    return [
        Measurement(
            metric=metric,
            value=statistics.median(runs[history, count, metric]),
            unit="us",
            says=f"{SAYS[metric]}, while {count:,} jobs lie there {history}",
            more={
                "history": history,
                "rows": count,
                "processes": 1,
                "ratioToFewest": ratio(runs[history, count, metric], runs[history, rows[0], metric]),
                "ratioOfBest": min(runs[history, count, metric]) / min(runs[history, rows[0], metric]),
                "runs": runs[history, count, metric],
            },
        )
        for metric, history, count in itertools.product(SAYS, HISTORIES, rows)
    ]
