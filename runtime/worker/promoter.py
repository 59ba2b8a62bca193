"""Promoter: makes scheduled jobs pending when their moment comes. Ended by cancellation."""

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.store.promotion import next_due, promote
from runtime.store.subjects import SCHEDULED
from runtime.worker.wakeup import PacedWakeup

MOST = 1000
"""Jobs in one transaction: a million falling due at once must not hold the lock for seconds."""
POLLS = 30
"""Longest sleep, in polls: wall time may jump, and another process's announcement may be lost."""


async def run_promoter(deployment: Deployment, poll: float) -> None:
    """Promote what is due; sleep until the next job is."""
    wake = PacedWakeup()
    stop_listening = deployment.database.listen(
        lambda subjects: wake.set() if SCHEDULED in subjects else None
    )
    try:
        while True:
            try:
                due = await deployment.database.read(next_due)
                if due is not None and due <= deployment.clock.now():
                    # Relaxed: what a power failure undoes is due, and promoted, again.
                    await deployment.database.write_relaxed(promote, MOST)
                    continue
            except DatabaseError as error:
                deployment.events.database_trouble("promoter", str(error), poll)
                await trio.sleep(poll)
                continue
            longest = POLLS * poll
            await wake.wait(longest if due is None else min(longest, due - deployment.clock.now()))
    finally:
        stop_listening()
