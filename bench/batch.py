"""Many jobs in one call, beside a call a job."""

import statistics

from bench.app import Noop
from bench.many import Many, with_batches
from bench.measurement import Measurement, alternate, ratio
from bench.processes import rate, worker
from bench.setting import Setting, prefill
from bench.worker import Orders
from runtime.job import Job


async def measure(setting: Setting) -> list[Measurement]:
    """Drain the same queue in batches, one by one, and one by one beside a batch handler, in turns."""

    async def sample(job: Job, batch: int) -> float:
        url = setting.place()
        async with with_batches(setting.batch).open(url, durable=setting.durable) as deployment:
            await prefill(deployment, job, setting.jobs)
        orders = Orders(db=url, workers=setting.workers, durable=setting.durable, batch=batch)
        return rate([await worker(orders)], setting.jobs)

    runs = await alternate(
        setting.rounds,
        {
            "single": lambda: sample(Noop(), 0),
            "batch": lambda: sample(Many(), setting.batch),
            "beside": lambda: sample(Noop(), setting.batch),
        },
    )
    return [
        Measurement(
            metric="batch",
            value=statistics.median(runs["batch"]),
            unit="jobs/s",
            says=f"jobs as in throughput, {setting.batch} in one call of a batch handler that does nothing",
            more={
                "processes": 1,
                "size": setting.batch,
                "ratioToSingle": ratio(runs["batch"], runs["single"]),
                "ratioOfSingleBesideBatches": ratio(runs["beside"], runs["single"]),
                "single": statistics.median(runs["single"]),
                "runs": runs["batch"],
                "runsSingle": runs["single"],
                "runsSingleBesideBatches": runs["beside"],
            },
        )
    ]
