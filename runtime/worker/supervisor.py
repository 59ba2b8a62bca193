"""Supervisor: the outer nursery of a process, the table of contents of the running system.

    watchdog      a thread: sees a blocked loop, enforces the end
      └ parts     a worker, a web server, or both, each a child of one nursery

If a part dies, the nursery cancels the others and the process ends non-zero.
When a signal comes, every part is told to stop and leaves in its own order.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import trio

from runtime.app import Deployment
from runtime.worker.options import WorkerOptions
from runtime.worker.pool import Pool
from runtime.worker.signals import stop_on_signals
from runtime.worker.watchdog import open_watchdog
from runtime.worker.worker import Worker


class Part(Protocol):
    """Something that runs until it is told to stop: `task_status.started()` once it is ready."""

    def __call__(
        self, deployment: Deployment, stopping: trio.Event, *, task_status: trio.TaskStatus[object]
    ) -> Awaitable[None]:
        """Run until `stopping` is set, then leave in order."""
        ...


async def supervise(
    deployment: Deployment,
    *parts: Part,
    worker: WorkerOptions | None = None,
    grace: float = 30.0,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Run the parts, and a worker if asked for, until a signal, or until a draining worker is done.

    Args:
        worker: options of the worker in this process; None for none.
        grace: seconds for what runs after the first signal; the worker's own if there is one.
        ready: called once every part has started.

    Raises:
        BaseExceptionGroup: what a part died of; the process must end non-zero.
    """
    crew = None if worker is None else Worker(deployment, worker)
    stopping = trio.Event()
    grace = grace if worker is None else worker.grace

    def running() -> Sequence[str]:
        return [] if crew is None else describe(crew.pool)

    others = trio.CancelScope()

    def hurry() -> None:
        others.cancel()
        if crew is not None:
            crew.hurry()

    async with open_watchdog(deployment.events, running) as watchdog:
        with stop_on_signals(stopping, hurry, watchdog, grace=grace):
            async with trio.open_nursery() as work:
                with others:
                    async with trio.open_nursery() as sites:
                        for part in parts:
                            await sites.start(part, deployment, stopping)
                        if crew is not None:
                            await work.start(_work, crew, stopping)
                        ready()


async def _work(  # noqa: ASYNC128 - the worker says that it has started
    crew: Worker, stopping: trio.Event, *, task_status: trio.TaskStatus[Worker] = trio.TASK_STATUS_IGNORED
) -> None:
    """Run the worker; when it has drained the queue, the other parts stop too."""
    await crew.run(stopping, task_status=task_status)
    stopping.set()


def describe(pool: Pool) -> list[str]:
    """What runs, for the log of a blocked loop."""
    return [f"{attempt.job.type} {attempt.job.id}" for attempt in pool.running]
