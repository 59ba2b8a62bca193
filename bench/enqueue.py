"""Enqueues a second, each durable before the next: alone, by many tasks at once, and in bulk."""

from collections.abc import Awaitable, Callable

import trio

from bench.app import Noop
from bench.harness import PREFILL_AT_ONCE, Measurement, Setting, prefill
from runtime.app import Deployment

TASKS = 64


async def measure(setting: Setting) -> list[Measurement]:
    """No worker runs; each way stores `jobs` jobs."""
    async with setting.open() as deployment:
        return [
            await _timed(
                "enqueue_alone", "one after the other, each committed first", _alone, deployment, setting
            ),
            await _timed(
                "enqueue_together", f"{TASKS} tasks at once, commits shared", _together, deployment, setting
            ),
            await _timed("enqueue_many", f"{PREFILL_AT_ONCE} in a transaction", _many, deployment, setting),
        ]


async def _timed(
    metric: str,
    says: str,
    act: Callable[[Deployment, int], Awaitable[None]],
    deployment: Deployment,
    setting: Setting,
) -> Measurement:
    began = trio.current_time()
    await act(deployment, setting.jobs)
    return Measurement(
        metric=metric,
        value=setting.jobs / (trio.current_time() - began),
        unit="jobs/s",
        says=f"jobs of type noop, {says}",
    )


async def _alone(deployment: Deployment, jobs: int) -> None:
    for _ in range(jobs):
        await deployment.queue.enqueue(Noop())


async def _together(deployment: Deployment, jobs: int) -> None:
    async with trio.open_nursery() as nursery:
        for task in range(TASKS):
            nursery.start_soon(_alone, deployment, len(range(task, jobs, TASKS)))


async def _many(deployment: Deployment, jobs: int) -> None:
    await prefill(deployment, Noop(), jobs)
