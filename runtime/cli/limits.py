"""`creche limits`: rate limits, held in the database for all processes together."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_json, print_table
from runtime.cli.parameters import TEXT
from runtime.cli.shapes import limit_json
from runtime.cli.target import Target
from runtime.model.rates import Rate
from runtime.model.records import LimitRecord

if TYPE_CHECKING:
    from runtime.app import Deployment


@click.group()
def limits() -> None:
    """Rate limits, for all processes together."""


@limits.command("list")
@json_option
@app_options
def list_limits(target: Target, as_json: bool) -> None:
    """List the rate limits in force and the tokens left."""

    async def look(deployment: "Deployment") -> list[LimitRecord]:
        return await deployment.queue.limits()

    found = target.run(look)
    if as_json:
        print_json({"limits": [limit_json(limit) for limit in found]})
        return
    rows = [(limit.type, limit.text, f"{limit.tokens:.1f}", f"{limit.burst:g}") for limit in found]
    print_table(("type", "rate", "tokens", "burst"), rows, nothing="no limits")


@limits.command("set")
@click.argument("type_", metavar="TYPE", type=TEXT)
@click.argument("rate", metavar="RATE", type=TEXT)
@option(
    "--burst", kind=click.FLOAT, own=True, metavar="N", explain="What may start at once after a quiet time."
)
@json_option
@app_options
def set_limit(target: Target, type_: str, rate: str, burst: float | None, as_json: bool) -> None:
    """Start at most RATE jobs of TYPE; `off` removes the limit.

    A rate is 20/s, 120/m or 7200/h, with a burst 120/m:10. Running workers follow within two seconds.
    """
    wanted = Rate.parse_or_off(rate) if burst is None else Rate.parse(rate, burst)

    async def change(deployment: "Deployment") -> LimitRecord | None:
        if wanted is None:
            await deployment.queue.remove_limit(type_)
            return None
        return await deployment.queue.set_limit(type_, rate, burst)

    limit = target.run(change)
    if as_json:
        print_json({"type": type_, "rate": None} if limit is None else limit_json(limit))
    else:
        click.echo(f"{type_} {'off' if limit is None else limit.text}")
