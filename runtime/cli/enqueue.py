"""`creche enqueue TYPE JSON`: store jobs from a shell."""

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_json
from runtime.cli.parameters import PRIORITY, SECONDS, TEXT
from runtime.cli.target import Target

MOST_AT_ONCE = 1_000_000


@click.command(short_help="Store a job, or many; prints the id.")
@click.argument("type_", metavar="TYPE", type=TEXT)
@click.argument("payload", metavar="[JSON]", type=TEXT, default="{}")
@option("--priority", kind=PRIORITY, own=True, metavar="N|NAME", explain="Instead of the type's own.")
@option("--delay", kind=SECONDS, default=0.0, own=True, metavar="S", explain="Seconds until it is due.")
@option("--key", kind=TEXT, own=True, metavar="K", explain="Unique among the unfinished jobs of its type.")
@option(
    "--count",
    kind=click.IntRange(1, MOST_AT_ONCE),
    default=1,
    own=True,
    metavar="N",
    explain="Store it so many times, in one transaction.",
)
@json_option
@app_options
def enqueue(
    target: Target,
    *,
    type_: str,
    payload: str,
    priority: int | None,
    delay: float,
    key: str | None,
    count: int,
    as_json: bool,
) -> None:
    """Store a job of TYPE with the payload JSON (by default {}); prints its id, one a line for several.

    The payload is checked against the type's model before the database is touched.
    """
    if key is not None and count > 1:
        raise click.UsageError("--key makes a job unique, so it does not go with --count")
    ids, duplicate = _store(target, type_, payload, priority=priority, delay=delay, key=key, count=count)
    if as_json:
        print_json({"ids": ids, "duplicate": duplicate})
        return
    if duplicate:
        click.echo(f"the key {key!r} is taken: this is the job that holds it", err=True)
    for job_id in ids:
        click.echo(job_id)


def _store(
    target: Target,
    type_: str,
    payload: str,
    *,
    priority: int | None,
    delay: float,
    key: str | None,
    count: int,
) -> tuple[list[int], bool]:
    from runtime.app import Deployment
    from runtime.errors import UnknownType

    app = target.load()
    if type_ not in app.types:
        raise UnknownType(type_, list(app.types))
    app.types[type_].parse(payload)

    async def store(deployment: Deployment) -> tuple[list[int], bool]:
        queue = deployment.queue
        if count > 1:
            return await queue.enqueue_raw_many(type_, payload, count, delay=delay, priority=priority), False
        record = await queue.enqueue_raw(type_, payload, delay=delay, priority=priority, key=key)
        return [record.id], record.duplicate

    return target.run(store, app)
