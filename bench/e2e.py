"""End to end: tasks in one process enqueue one job at a time while a worker in another runs them."""

import statistics

import trio

from bench.measurement import Measurement, alternate
from bench.processes import answer, command, running
from bench.producer import ProducerOrders
from bench.setting import Setting
from bench.worker import Orders

PRODUCERS = 4
SECONDS = 120.0
"""What a round may take before it counts as stuck."""
SAYS = (
    f"{PRODUCERS} tasks in another process enqueue one job at a time, each stored as durably as enqueue() "
    "promises before the next, while the worker runs; from the first enqueue to the last ending committed"
)


async def measure(setting: Setting) -> list[Measurement]:
    """Jobs a second from the first enqueue to the last completion."""
    work = End2End(setting)
    runs = (await alternate(setting.rounds, {"e2e": work.sample}))["e2e"]
    return [
        Measurement(
            metric="e2e",
            value=statistics.median(runs),
            unit="jobs/s",
            says=SAYS,
            more={
                "processes": 1,
                "producers": PRODUCERS,
                "enqueuedPerSecond": statistics.median(work.enqueued),
                "processorMicrosecondsPerJob": statistics.median(work.processor),
                "runs": runs,
            },
        )
    ]


class End2End:
    """Producers in one process, a worker in another; gathers what each round says beside its figure."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.enqueued: list[float] = []
        """Enqueues a second, a round."""
        self.processor: list[float] = []
        """Microseconds a job in both processes, a round."""

    async def sample(self) -> float:
        """One round: jobs a second."""
        setting = self._setting
        url, jobs = setting.place(), setting.jobs
        orders = Orders(db=url, workers=setting.workers, durable=setting.durable, stop_after=jobs)
        producer = ProducerOrders(db=url, jobs=jobs, tasks=PRODUCERS, durable=setting.durable)
        with trio.fail_after(SECONDS):
            async with running(command("worker", orders.text())) as consumer:
                produced = await answer(command("producer", producer.text()))
                worked = await consumer.last_words()
        self.enqueued.append(jobs / (produced["ended"] - produced["began"]))
        self.processor.append((produced["processor"] + worked.processor) / jobs * 1e6)
        return jobs / (worked.ended - produced["began"])
