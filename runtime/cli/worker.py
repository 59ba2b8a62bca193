"""`creche worker`: run jobs in this process, or in several under this one."""

import random
import sys
from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options
from runtime.cli.starting import leaving_at_once
from runtime.cli.target import Target
from runtime.cli.worker_options import check_types, processes_option, worker_options

if TYPE_CHECKING:
    from runtime.app import App
    from runtime.worker.options import WorkerOptions


@click.command()
@worker_options
@processes_option
@app_options
def worker(target: Target, *, options: "WorkerOptions", durable: bool, processes: int) -> int:
    """Run jobs until SIGTERM or SIGINT: then no job starts, and running ones get --grace seconds.

    What remains is cancelled and given back without using up an attempt; the exit code is 0. A second
    signal does not wait. --workers is how many jobs run at once in one process, --processes how many
    processes there are: handlers that wait need only the first, handlers that compute the second.
    """
    import trio

    from runtime.worker.lifeline import stop_with_parent

    with leaving_at_once():
        stop_with_parent()
        app = target.load()
        check_types(app, options)
        if processes == 1:
            trio.run(_run_one, target, app, options, durable)
            return 0
        return trio.run(_run_several, target, app, options, processes)


async def _run_one(target: Target, app: "App", options: "WorkerOptions", durable: bool) -> None:
    from runtime.cli.progress import draining
    from runtime.worker.supervisor import supervise

    async with target.open(app, durable=durable) as deployment:
        if not options.drain:
            await supervise(deployment, worker=options)
            return
        async with draining(deployment):
            await supervise(deployment, worker=options)


async def _run_several(target: Target, app: "App", options: "WorkerOptions", processes: int) -> int:
    """Run this very command again in several processes, with `--processes 1` at its end."""
    from runtime.clock import SystemClock
    from runtime.worker.processes import run_processes

    async with target.open(app):
        pass  # what is wrong with the database is said once, and the children need not migrate it
    return await run_processes(
        [sys.executable, *sys.orig_argv[1:], "--processes", "1"],
        processes,
        clock=SystemClock(),
        chance=random.Random(),  # noqa: S311 - spreads restarts
        grace=options.grace,
        drain=options.drain,
    )
