"""`creche pause TYPE` and `creche resume TYPE`."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option
from runtime.cli.output import print_json
from runtime.cli.parameters import TEXT
from runtime.cli.target import Target

if TYPE_CHECKING:
    from runtime.app import Deployment


@click.command()
@click.argument("type_", metavar="TYPE", type=TEXT)
@json_option
@app_options
def pause(target: Target, type_: str, as_json: bool) -> None:
    """Let no job of TYPE start, on any worker, until it is resumed; what runs goes on."""

    async def change(deployment: "Deployment") -> None:
        await deployment.queue.pause(type_)

    target.run(change)
    _print_paused(type_, paused=True, as_json=as_json)


@click.command()
@click.argument("type_", metavar="TYPE", type=TEXT)
@json_option
@app_options
def resume(target: Target, type_: str, as_json: bool) -> None:
    """Let jobs of a paused TYPE start again."""

    async def change(deployment: "Deployment") -> None:
        await deployment.queue.resume(type_)

    target.run(change)
    _print_paused(type_, paused=False, as_json=as_json)


def _print_paused(type_: str, *, paused: bool, as_json: bool) -> None:
    if as_json:
        print_json({"type": type_, "paused": paused})
    else:
        click.echo(f"{type_} {'paused' if paused else 'resumed'}")
