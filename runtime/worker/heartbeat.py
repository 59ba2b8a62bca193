"""Heartbeat: says that this worker is alive. Ended by cancellation, after the jobs."""

from dataclasses import replace

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.model.outcomes import Interrupted
from runtime.store import workers
from runtime.store.workers import Beat
from runtime.worker.pool import Pool

BEATS = 6
"""In the time after which a silent worker is dead: five may be lost."""


class Heartbeat:
    """Writes the worker's row."""

    def __init__(self, deployment: Deployment, pool: Pool, beat: Beat) -> None:
        self._deployment = deployment
        self._pool = pool
        self._beat = beat
        self.stopping = False
        """Shown to operators; set when no more jobs are claimed."""

    async def register(self) -> None:
        """Write the row for the first time, or again.

        Raises:
            DatabaseError: the database cannot be written: no worker without its row.
        """
        beat = replace(self._beat, beat=self._deployment.clock.monotonic())
        await self._deployment.database.write(workers.register, beat)

    async def run(self) -> None:
        """Beat until cancelled; on learning that others took us for dead, cancel what runs."""
        interval = self._beat.stale_after / BEATS
        while True:
            await trio.sleep(interval)
            try:
                if not await self._once():
                    self._deployment.events.worker_was_reaped(self._beat.id, len(self._pool.running))
                    self._pool.forget_waiting()
                    self._pool.cancel_all(Interrupted("this worker was taken for dead"))
                    await self.register()
                    self._pool.more.set()
            except DatabaseError as error:
                self._deployment.events.database_trouble("heartbeat", str(error), interval)

    async def remove(self) -> None:
        """Take the row away."""
        await self._deployment.database.write_relaxed(workers.remove, self._beat.id)

    async def _once(self) -> bool:
        return await self._deployment.database.write_relaxed(
            workers.beat,
            self._beat.id,
            self._deployment.clock.monotonic(),
            len(self._pool.running),
            stopping=self.stopping,
        )
