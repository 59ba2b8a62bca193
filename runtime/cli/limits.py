"""`creche limits`: of rates and of jobs at once, held in the database for all processes together."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_json, print_table
from runtime.cli.parameters import NUMBER_OR_OFF, OFF_NUMBER, TEXT
from runtime.cli.shapes import limit_json
from runtime.cli.target import Target
from runtime.limiting import LIMIT_KINDS
from runtime.model.records import LimitRecord

if TYPE_CHECKING:
    from runtime.app import Deployment


@click.group()
def limits() -> None:
    """Limits of types and of the keys of their jobs, for all processes together."""


@limits.command("list")
@json_option
@app_options
def list_limits(target: Target, as_json: bool) -> None:
    """List the limits in force, the tokens left and the jobs that run."""

    async def look(deployment: "Deployment") -> list[LimitRecord]:
        return await deployment.queue.limits()

    found = target.run(look)
    if as_json:
        print_json({"limits": [limit_json(limit) for limit in found]})
        return
    columns = ("type", "rate", "tokens", "burst", "at once", "running", "rate of a key", "of a key at once")
    print_table(columns, [_row(limit) for limit in found], nothing="no limits")


@limits.command("set")
@click.argument("type_", metavar="TYPE", type=TEXT)
@click.argument("rate", metavar="[RATE]", type=TEXT, required=False)
@option(
    "--burst", kind=click.FLOAT, own=True, metavar="N", explain="What may start at once after a quiet time."
)
@option(
    "--concurrency", kind=NUMBER_OR_OFF, own=True, metavar="N", explain="How many may run at once, or off."
)
@option(
    "--key-rate", kind=TEXT, own=True, metavar="RATE", explain="How often jobs of one key may start, or off."
)
@option(
    "--key-concurrency",
    kind=NUMBER_OR_OFF,
    own=True,
    metavar="N",
    explain="How many of one key may run at once, or off.",
)
@json_option
@app_options
def set_limit(
    target: Target,
    type_: str,
    rate: str | None,
    burst: float | None,
    concurrency: int | None,
    key_rate: str | None,
    key_concurrency: int | None,
    as_json: bool,
) -> None:
    """Start at most RATE jobs of TYPE, or limit how many run at once; `off` removes a limit.

    A rate is 20/s, 120/m or 7200/h, with a burst 120/m:10. What is not mentioned stays as it is. Running
    workers follow within two seconds.
    """
    given = {
        "rate": rate,
        "concurrency": concurrency,
        "key_rate": key_rate,
        "key_concurrency": key_concurrency,
    }
    off = [kind for kind in LIMIT_KINDS if given[kind] in {"off", OFF_NUMBER}]

    async def change(deployment: "Deployment") -> LimitRecord | None:
        queue = deployment.queue
        if len(off) < sum(value is not None for value in given.values()) or not off:
            await queue.set_limit(
                type_,
                None if "rate" in off else rate,
                burst,
                concurrency=None if "concurrency" in off else concurrency,
                key_rate=None if "key_rate" in off else key_rate,
                key_concurrency=None if "key_concurrency" in off else key_concurrency,
                remove=off,
            )
        else:
            await queue.remove_limit(type_, *off)
        return next((limit for limit in await queue.limits() if limit.type == type_), None)

    limit = target.run(change)
    if as_json:
        print_json({"type": type_, "rate": None} if limit is None else limit_json(limit))
    else:
        click.echo(f"{type_} {'off' if limit is None else _in_words(limit)}")


def _row(limit: LimitRecord) -> tuple[str, ...]:
    return (
        limit.type,
        limit.text or "",
        "" if limit.tokens is None else f"{limit.tokens:.1f}",
        "" if limit.burst is None else f"{limit.burst:g}",
        "" if limit.concurrency is None else str(limit.concurrency),
        "" if limit.running is None else str(limit.running),
        limit.key_rate or "",
        "" if limit.key_concurrency is None else str(limit.key_concurrency),
    )


def _in_words(limit: LimitRecord) -> str:
    parts = [
        limit.text,
        None if limit.concurrency is None else f"{limit.concurrency} at once",
        None if limit.key_rate is None else f"{limit.key_rate} a key",
        None if limit.key_concurrency is None else f"{limit.key_concurrency} of a key at once",
    ]
    return ", ".join(part for part in parts if part is not None)
