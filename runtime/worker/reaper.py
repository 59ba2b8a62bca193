"""Reaper: gives back the jobs of workers that are dead. Ended by cancellation.

Dead is whose process is gone (its file lock is free: known within a second on
one machine), or who has been silent for `stale_after` on a clock that cannot
jump. Rescue is by liveness, never by how long a job has run.
"""

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.store import workers
from runtime.store.endings import rescue
from runtime.store.workers import StoredWorker
from runtime.worker.identity import forget, surely_dead

INTERVAL = 1.0


async def run_reaper(deployment: Deployment, own: str, stale_after: float) -> None:
    """Look at the other workers each second; where they have no lock files, as often as silence can tell."""
    interval = stale_after / 3 if deployment.inline else INTERVAL
    while True:
        try:
            await _reap(deployment, own)
        except DatabaseError as error:
            deployment.events.database_trouble("reaper", str(error), interval)
        await trio.sleep(interval)


async def _reap(deployment: Deployment, own: str) -> None:
    for worker in await deployment.database.read(workers.stored):
        reason = None if worker.id == own else _cause_of_death(deployment, worker)
        if reason is not None:
            await _rescue(deployment, worker.id, reason)
    for owner in await deployment.database.read(workers.orphan_owners):
        if owner != own:
            await _rescue(deployment, owner, "its worker has no row")


def _cause_of_death(deployment: Deployment, worker: StoredWorker) -> str | None:
    if not deployment.inline and surely_dead(deployment.location.companions, worker.id):
        return "its process is gone"
    if worker.stale(deployment.clock.boot(), deployment.clock.monotonic()):
        return f"silent for more than {worker.stale_after:g} s"
    return None


async def _rescue(deployment: Deployment, worker: str, reason: str) -> None:
    # Relaxed: rescued again after a power failure.
    jobs = await deployment.database.write_relaxed(rescue, worker, f"worker {worker} died: {reason}")
    forget(deployment.location.companions, worker)
    deployment.events.jobs_rescued(worker, jobs, reason)
