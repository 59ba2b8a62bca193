"""For tests of applications: an application opened on a real database, in virtual time.

    async def test_the_order_is_confirmed(autojump_clock, tmp_path):
        async with open_testing(app, tmp_path / "test.db") as deployment:
            await deployment.queue.enqueue(ConfirmOrder(order_id="1"))
            await drain(deployment)

Everything runs on the trio thread, so a clock that jumps stays exact: a month
of retries, schedules and rate limits passes in a second, and the same seed
gives the same run.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import trio

from runtime.app import App, Deployment
from runtime.clock import TrioClock
from runtime.worker.options import WorkerOptions
from runtime.worker.worker import Worker


@asynccontextmanager
async def open_testing(
    app: App, place: Path | str, *, seed: int = 0, start: float = 1_767_225_600.0
) -> AsyncIterator[Deployment]:
    """Open `app` inline, its time following trio's clock.

    Args:
        place: a SQLite file, or the URL of any database.
        seed: of the deployment's chance.
        start: wall time at the beginning; by default 2026-01-01T00:00:00Z.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    url = place if isinstance(place, str) else f"sqlite:///{place}"
    async with app.open(url, clock=TrioClock(start), chance=chance, inline=True) as deployment:
        yield deployment


def alone() -> WorkerOptions:
    """Options of a worker with the database to itself: it polls for nothing, so that days pass fast."""
    return WorkerOptions(poll=3600, stale_after=3 * 3600)


@asynccontextmanager
async def running_worker(
    deployment: Deployment, options: WorkerOptions | None = None
) -> AsyncIterator[Worker]:
    """A worker while the block runs; then it stops in order."""
    worker = Worker(deployment, options or alone())
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(worker.run, stopping)
        try:
            yield worker
        finally:
            stopping.set()


async def drain(deployment: Deployment, options: WorkerOptions | None = None) -> None:
    """Run a worker until nothing is due."""
    await Worker(deployment, replace(options or alone(), drain=True)).run(trio.Event())
