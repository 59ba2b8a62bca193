"""Ticker: enqueues what the cron schedules say is due. Ended by cancellation.

Every worker has one; the unique row of each tick, in the transaction of its
job, lets only one of them fire it.
"""

import trio

from runtime.app import Deployment
from runtime.declarations import declared_schedules
from runtime.errors import DatabaseError
from runtime.store import schedules
from runtime.store.schedules import DeclaredSchedule

POLLS = 60
"""Longest sleep, in polls: wall time may jump while we sleep, so never sleep an hour away."""


async def run_ticker(deployment: Deployment, poll: float) -> None:
    """Fire each schedule at its ticks, and at the start whatever was missed."""
    clock = deployment.clock
    declared = declared_schedules(deployment.app.handlers, clock.now())
    upcoming = {schedule.name: clock.now() for schedule in declared}
    while declared:
        for schedule in declared:
            if upcoming[schedule.name] <= clock.now():
                await _fire(deployment, schedule)
                upcoming[schedule.name] = schedule.schedule.next_tick(clock.now())
        await trio.sleep(max(0.0, min(POLLS * poll, min(upcoming.values()) - clock.now())))


async def _fire(deployment: Deployment, schedule: DeclaredSchedule) -> None:
    while True:
        try:
            fired = await deployment.database.write(schedules.fire, schedule)
        except DatabaseError as error:
            deployment.events.database_trouble("ticker", str(error), 1.0)
            await trio.sleep(1.0)
        else:
            if fired:
                deployment.events.schedule_fired(schedule.name, len(fired))
            return
