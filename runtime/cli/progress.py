"""A progress bar for `--drain`, on a terminal only."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from runtime.cli.output import console
from runtime.worker.lifeline import SLOT

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from runtime.app import Deployment
    from runtime.model.records import QueueStats

INTERVAL = 0.25
"""Seconds."""


@asynccontextmanager
async def draining(deployment: "Deployment") -> AsyncIterator[None]:
    """Show on standard error, while the block runs, how much of what was due is done.

    Of several processes that share a terminal only the first one does.
    """
    if not sys.stderr.isatty() or os.environ.get(SLOT, "0") != "0":
        yield
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("draining"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(sys.stderr), auto_refresh=False) as progress:
        async with trio.open_nursery() as nursery:
            task = progress.add_task("", total=None)
            first = _ended(await deployment.queue.stats())
            nursery.start_soon(_follow, deployment, progress, task, first)
            yield
            nursery.cancel_scope.cancel()
        await _show(deployment, progress, task, first)


async def _follow(deployment: "Deployment", progress: "Progress", task: "TaskID", first: int) -> None:
    while True:
        await _show(deployment, progress, task, first)
        await trio.sleep(INTERVAL)


async def _show(deployment: "Deployment", progress: "Progress", task: "TaskID", first: int) -> None:
    stats = await deployment.queue.stats()
    done = _ended(stats) - first
    progress.update(task, completed=done, total=done + stats.pending + stats.processing, refresh=True)


def _ended(stats: "QueueStats") -> int:
    return stats.completed + stats.failed + stats.cancelled
