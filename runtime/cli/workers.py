"""`creche workers`: who runs jobs."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option
from runtime.cli.output import print_json, print_table, relative
from runtime.cli.shapes import to_json
from runtime.cli.target import Target
from runtime.model.records import WorkerRecord

if TYPE_CHECKING:
    from runtime.app import Deployment

COLUMNS = ("worker", "host", "pid", "state", "running", "runners", "started", "seen")


@click.command()
@json_option
@app_options
def workers(target: Target, as_json: bool) -> None:
    """List the workers of all machines, by their heartbeats."""

    async def look(deployment: "Deployment") -> tuple[list[WorkerRecord], float]:
        return await deployment.queue.workers(), deployment.clock.now()

    found, now = target.run(look)
    if as_json:
        print_json({"workers": to_json(found)})
    else:
        print_table(COLUMNS, [_row(worker, now) for worker in found], nothing="no workers")


def _row(worker: WorkerRecord, now: float) -> tuple[str, ...]:
    return (
        worker.id,
        worker.host,
        str(worker.pid),
        "dead" if not worker.alive else "stopping" if worker.stopping else "alive",
        str(worker.running),
        str(worker.runners),
        relative(worker.started_at, now),
        relative(worker.seen_at, now),
    )
