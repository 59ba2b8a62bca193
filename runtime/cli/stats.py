"""`creche stats`: the queue in numbers, once or again and again."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import console, duration, print_json, table
from runtime.cli.parameters import Seconds
from runtime.cli.shapes import stats_json
from runtime.cli.target import Target
from runtime.model.records import QueueStats, Status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from runtime.app import Deployment


@click.command()
@option("--watch", switch=True, own=True, explain="Show it again and again until interrupted.")
@option("--every", kind=Seconds(0.1), default=1.0, own=True, metavar="S", explain="How often, with --watch.")
@json_option
@app_options
def stats(target: Target, watch: bool, every: float, as_json: bool) -> None:
    """Show the queue in numbers, from counters: it costs the same however many jobs there are.

    With --watch and --json: one JSON object a line.
    """

    async def look(deployment: "Deployment") -> QueueStats:
        return await deployment.queue.stats()

    async def repeat(deployment: "Deployment") -> None:
        await (_print_forever if as_json else _show_forever)(deployment, every)

    if watch:
        target.run(repeat)
    elif as_json:
        print_json(stats_json(target.run(look)))
    else:
        console().print(_drawn(target.run(look)))


async def _print_forever(deployment: "Deployment", every: float) -> None:
    import sys

    import trio

    while True:
        print_json(stats_json(await deployment.queue.stats()))
        sys.stdout.flush()
        await trio.sleep(every)


async def _show_forever(deployment: "Deployment", every: float) -> None:
    import trio
    from rich.live import Live

    with Live(_drawn(await deployment.queue.stats()), console=console(), auto_refresh=False) as live:
        while True:
            await trio.sleep(every)
            live.update(_drawn(await deployment.queue.stats()), refresh=True)


def _drawn(stats: QueueStats) -> "RenderableType":
    from rich.console import Group

    oldest = stats.oldest_pending_seconds
    summary = [
        ("pending", str(stats.pending)),
        ("processing", str(stats.processing)),
        ("scheduled", str(stats.scheduled)),
        ("blocked", str(stats.blocked)),
        ("failed", str(stats.failed)),
        ("dead letters, unreviewed", str(stats.unreviewed_dead_letters)),
        ("completed, last hour", str(stats.completed_last_hour)),
        ("completed a minute", f"{stats.completed_per_minute:.1f}"),
        ("failure rate, last hour", f"{stats.failure_rate:.1%}"),
        ("oldest pending", "-" if oldest is None else duration(oldest)),
    ]
    return Group(table(("queue", ""), summary), *([_by_type(stats)] if stats.by_type else []))


def _by_type(stats: QueueStats) -> "RenderableType":
    """A column for each status that occurs."""
    counts: dict[str, dict[Status, int]] = {}
    for item in stats.by_type:
        counts.setdefault(item.type, {})[item.status] = item.count
    statuses = [status for status in Status if any(status in by for by in counts.values())]
    rows = [(name, *(str(by.get(status, 0)) for status in statuses)) for name, by in sorted(counts.items())]
    return table(("type", *statuses), rows)
