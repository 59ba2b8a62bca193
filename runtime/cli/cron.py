"""`creche cron`: schedules, their rules and their next ticks."""

from typing import TYPE_CHECKING

import click

from runtime.cli.jobs import print_job
from runtime.cli.options import app_options, json_option
from runtime.cli.output import print_json, print_table, relative
from runtime.cli.parameters import TEXT
from runtime.cli.shapes import iso, to_json
from runtime.cli.target import Target
from runtime.model.records import JobRecord, ScheduleRecord

if TYPE_CHECKING:
    from runtime.app import Deployment

RULES = """\
missed: ticks that nobody was there for: skip them, run one, or run all.
overlap: a tick while the last job still runs: skip it or allow it.
A fixed time that clocks jump over runs right after the gap; one that they repeat runs once, the first.
An expression whose hour begins with * skips the gap and runs through both passes of repeated hours."""


@click.group()
def cron() -> None:
    """Schedules: next ticks, run now, pause, resume."""


@cron.command("list")
@json_option
@app_options
def list_schedules(target: Target, as_json: bool) -> None:
    """List the schedules with their rules and next five ticks."""

    async def look(deployment: "Deployment") -> tuple[list[ScheduleRecord], float]:
        return await deployment.queue.schedules(), deployment.clock.now()

    schedules, now = target.run(look)
    if as_json:
        print_json({"schedules": to_json(schedules)})
        return
    columns = ("name", "expression", "zone", "missed", "overlap", "last", "next five (UTC)")
    print_table(columns, [_row(schedule, now) for schedule in schedules], nothing="no schedules")
    if schedules:
        click.echo(RULES)


@cron.command("run")
@click.argument("name", type=TEXT)
@json_option
@app_options
def run_schedule(target: Target, name: str, as_json: bool) -> None:
    """Enqueue the job of a schedule now, besides its ticks."""

    async def run(deployment: "Deployment") -> JobRecord:
        return await deployment.queue.run_schedule(name)

    print_job(target.run(run), as_json=as_json)


@cron.command("pause")
@click.argument("name", type=TEXT)
@json_option
@app_options
def pause_schedule(target: Target, name: str, as_json: bool) -> None:
    """Let the ticks of a schedule pass by."""

    async def pause(deployment: "Deployment") -> None:
        await deployment.queue.pause_schedule(name)

    target.run(pause)
    _print_paused(name, paused=True, as_json=as_json)


@cron.command("resume")
@click.argument("name", type=TEXT)
@json_option
@app_options
def resume_schedule(target: Target, name: str, as_json: bool) -> None:
    """Let a paused schedule tick again.

    What it let pass is not made up for.
    """

    async def resume(deployment: "Deployment") -> None:
        await deployment.queue.resume_schedule(name)

    target.run(resume)
    _print_paused(name, paused=False, as_json=as_json)


def _print_paused(name: str, *, paused: bool, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, "paused": paused})
    else:
        click.echo(f"{name} {'paused' if paused else 'resumed'}")


def _row(schedule: ScheduleRecord, now: float) -> tuple[str, ...]:
    ticks = [iso(tick)[:16].replace("T", " ") for tick in schedule.next_ticks]
    return (
        schedule.name,
        schedule.expression,
        schedule.timezone,
        schedule.missed,
        schedule.overlap,
        relative(schedule.last_tick_at, now),
        "paused" if schedule.paused else ", ".join(ticks),
    )
