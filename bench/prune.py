"""Pruning: what it takes to delete finished jobs; whether jobs that come, run and go leave a larger file."""

import time

from bench.app import Noop
from bench.measurement import Measurement
from bench.processes import drain
from bench.rows import filler
from bench.setting import Setting
from runtime.app import Deployment
from runtime.store.retention import prune_finished
from runtime.transaction import JobTransaction

CHUNK = 1000
"""Jobs a transaction, as the shop prunes them."""
LATER = 3600.0
"""Seconds: whatever has ended, ended before an hour from now."""


async def measure(setting: Setting) -> list[Measurement]:
    """So many rounds: store `jobs` jobs, run them, prune them all, look at the size."""
    url, sizes, chunks = setting.place(), [], []
    for _ in range(setting.rounds):
        await drain(setting, Noop(), url=url)
        async with filler.open(url, durable=setting.durable) as deployment:
            chunks += await _prune(deployment)
            sizes.append(await deployment.db.read(_size))
    half = setting.rounds // 2
    return [
        Measurement(
            metric="prune",
            value=setting.jobs * setting.rounds / sum(chunks),
            unit="jobs/s",
            says=f"completed jobs deleted, {CHUNK} in a transaction",
            more={"longestChunkMilliseconds": max(chunks) * 1000, "processes": 1},
        ),
        Measurement(
            metric="prune_growth",
            value=max(sizes[half:]) / max(sizes[: half or 1]),
            unit="times",
            says=f"the largest size in the second half of {setting.rounds} rounds of {setting.jobs:,} jobs "
            "that come, run and are pruned, by that in the first half",
            more={"largestMegabytes": max(sizes) / 1e6, "megabytes": [size / 1e6 for size in sizes]},
        ),
    ]


async def _prune(deployment: Deployment) -> list[float]:
    """Seconds that each chunk took."""
    taken, pruned = [], CHUNK
    while pruned == CHUNK:
        began = time.perf_counter()
        pruned = await deployment.db.write(prune_finished, deployment.clock.now() + LATER, CHUNK)
        if pruned:
            taken.append(time.perf_counter() - began)
    return taken


def _size(tx: JobTransaction) -> int:
    return tx.one("size_of_queue", int) or 0
