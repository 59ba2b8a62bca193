"""Reaper: gives back the jobs of workers that are dead. Ended by cancellation.

Dead is whose process is gone (its file lock is free: known within a second on
one machine), or who has been silent for `stale_after` on a clock that cannot
jump. Rescue is by liveness, never by how long a job has run.

Silence counts only while beats could be written: a database that another program
holds for long, or a machine that stands still, silences everybody, and nobody is
dead for that.
"""

import math

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.store import workers
from runtime.store.endings import rescue
from runtime.store.workers import StoredWorker
from runtime.transaction import JobTransaction
from runtime.worker.heartbeat import BEATS
from runtime.worker.identity import forget, surely_dead

INTERVAL = 1.0
OVERDUE = 2
"""Beats missed, after which it is tried whether the database takes writes."""


async def run_reaper(deployment: Deployment, own: str, stale_after: float) -> None:
    """Look at the other workers each second; where they have no lock files, as often as silence can tell."""
    interval = stale_after / 3 if deployment.inline else min(INTERVAL, stale_after / BEATS)
    reaper = Reaper(deployment, own)
    while True:
        try:
            await reaper.look()
        except DatabaseError as error:
            deployment.events.database_trouble("reaper", str(error), interval)
        await reaper.sleep(interval)


class Reaper:
    """Looks at the other workers."""

    def __init__(self, deployment: Deployment, own: str) -> None:
        self._deployment = deployment
        self._own = own
        self._due = math.inf
        """When we mean to look again, on the clock of beats."""
        self._counts_from = -math.inf
        """Silence before this moment does not count."""

    async def look(self) -> None:
        """Give back the jobs of whoever is dead.

        Raises:
            DatabaseError: somebody may be, but the database cannot be used.
        """
        meant = min(self._due, self._deployment.clock.monotonic())
        others = await self._others()
        overdue = [worker.stale_after for worker in others if self._is_overdue(worker)]
        if overdue:
            others = await self._others_after_a_write(meant, min(overdue) / BEATS)
        for worker in others:
            reason = self._cause_of_death(worker)
            if reason is not None:
                await self._rescue(worker.id, reason, worker.beat)
        for owner in await self._deployment.database.read(workers.orphan_owners):
            if owner != self._own:
                await self._rescue(owner, "its worker has no row", None)

    async def sleep(self, seconds: float) -> None:
        """Wait for the next look."""
        self._due = self._deployment.clock.monotonic() + seconds
        await trio.sleep(seconds)

    async def _others(self) -> list[StoredWorker]:
        stored = await self._deployment.database.read(workers.stored)
        return [worker for worker in stored if worker.id != self._own]

    def _is_overdue(self, worker: StoredWorker) -> bool:
        return self._deployment.clock.monotonic() - worker.beat > OVERDUE * worker.stale_after / BEATS

    async def _others_after_a_write(self, meant: float, patience: float) -> list[StoredWorker]:
        """Look again once a write has gone through, as a beat would.

        Where we meant to look at `meant` and are that much later by now, whatever held
        us up held up the others' beats too: their silence counts from now on only.
        """
        now = self._deployment.clock.monotonic
        held_up = True
        try:
            await self._deployment.database.write_relaxed(_nothing)
            others = await self._others()
            held_up = now() - meant > patience
        finally:
            if held_up:
                self._counts_from = now()
        return others

    def _cause_of_death(self, worker: StoredWorker) -> str | None:
        deployment, now = self._deployment, self._deployment.clock.monotonic()
        if not deployment.inline and surely_dead(deployment.location.companions, worker.id):
            return "its process is gone"
        if worker.boot != deployment.clock.boot():
            return "its machine has been started anew"
        if now - max(worker.beat, self._counts_from) > worker.stale_after:
            return f"silent for more than {worker.stale_after:g} s"
        return None

    async def _rescue(self, worker: str, reason: str, beat: float | None) -> None:
        # Relaxed: rescued again after a power failure.
        database, companions = self._deployment.database, self._deployment.location.companions
        jobs = await database.write_relaxed(rescue, worker, f"worker {worker} died: {reason}", beat)
        if jobs is None:
            return
        if surely_dead(companions, worker):  # one that only slept will need its lock file
            forget(companions, worker)
        self._deployment.events.jobs_rescued(worker, jobs, reason)


def _nothing(_tx: JobTransaction) -> None:
    """Take the write lock and give it back."""
