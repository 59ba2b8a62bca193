"""Pruner: deletes bookkeeping that nobody will look at again. Ended by cancellation."""

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.store.retention import prune_marks

INTERVAL = 3600.0
CHUNK = 1000
"""Rows of a kind in one transaction."""


async def run_pruner(deployment: Deployment) -> None:
    """Prune each hour, first after a random part of one so that workers take turns.

    Finished jobs are the application's to prune, with a schedule of its own and
    `runtime.store.retention.prune_finished`: how long they are kept is a matter of its business.
    """
    await trio.sleep(INTERVAL * deployment.random.random())
    while True:
        try:
            more = True
            while more:
                more = await deployment.database.write_relaxed(prune_marks, CHUNK)
        except DatabaseError as error:
            deployment.events.database_trouble("pruner", str(error), INTERVAL)
        await trio.sleep(INTERVAL)
