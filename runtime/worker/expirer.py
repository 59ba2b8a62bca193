"""Expirer: cancels waiting jobs whose time is up when their moment comes. Ended by cancellation."""

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.store.deadlines import expire, next_moment
from runtime.store.subjects import DEADLINE
from runtime.worker.wakeup import PacedWakeup

MOST = 1000
"""Jobs in one transaction: a million running out of time at once must not hold the lock for seconds."""
POLLS = 30
"""Longest sleep, in polls: wall time may jump, and another process's announcement may be lost."""
PAUSE = 0.1
"""Seconds until it looks again where others hold all that is due."""


async def run_expirer(deployment: Deployment, poll: float) -> None:
    """Cancel what is out of time; sleep until the next job may be."""
    wake = PacedWakeup()
    stop_listening = deployment.database.listen(lambda subjects: wake.set() if DEADLINE in subjects else None)
    try:
        while True:
            try:
                moment = await deployment.database.read(next_moment)
                if moment is not None and moment <= deployment.clock.now():
                    # Relaxed: what a power failure undoes is out of time, and cancelled, again.
                    if not await deployment.database.write_relaxed(expire, MOST):
                        await trio.sleep(PAUSE)
                    continue
            except DatabaseError as error:
                deployment.events.database_trouble("expirer", str(error), poll)
                await trio.sleep(poll)
                continue
            longest = POLLS * poll
            await wake.wait(longest if moment is None else min(longest, moment - deployment.clock.now()))
    finally:
        stop_listening()
