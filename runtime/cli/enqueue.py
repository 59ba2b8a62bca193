"""`creche enqueue TYPE JSON`: store jobs from a shell."""

from typing import TYPE_CHECKING, cast

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_json
from runtime.cli.parameters import IDENTIFIER, PRIORITY, SECONDS, TEXT
from runtime.cli.target import Target

if TYPE_CHECKING:
    from runtime.model.records import OnFailure
    from runtime.transaction import EnqueueOptions, OnConflict

MOST_AT_ONCE = 1_000_000


@click.command(short_help="Store a job, or many; prints the id.")
@click.argument("type_", metavar="TYPE", type=TEXT)
@click.argument("payload", metavar="[JSON]", type=TEXT, default="{}")
@option("--priority", kind=PRIORITY, own=True, metavar="N|NAME", explain="Instead of the type's own.")
@option("--delay", kind=SECONDS, default=0.0, own=True, metavar="S", explain="Seconds until it is due.")
@option("--key", kind=TEXT, own=True, metavar="K", explain="Unique among the unfinished jobs of its type.")
@option("--unique-for", kind=SECONDS, own=True, metavar="S", explain="For S seconds instead, ended or not.")
@option(
    "--on-conflict",
    kind=click.Choice(["keep", "replace", "debounce"]),
    own=True,
    explain="What becomes of a waiting job that holds the key.",
)
@option("--expires", kind=SECONDS, own=True, metavar="S", explain="Cancel it if not started in S seconds.")
@option("--deadline", kind=SECONDS, own=True, metavar="S", explain="Seconds in which it must be done.")
@option(
    "--depends-on",
    kind=IDENTIFIER,
    own=True,
    many=True,
    metavar="ID",
    explain="After this job. Repeatable.",
)
@option(
    "--on-failure",
    kind=click.Choice(["cancel", "run", "wait"]),
    own=True,
    explain="What becomes of it when a job that it depends on fails.",
)
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
    unique_for: float | None,
    on_conflict: str | None,
    expires: float | None,
    deadline: float | None,
    depends_on: tuple[int, ...],
    on_failure: str | None,
    count: int,
    as_json: bool,
) -> None:
    """Store a job of TYPE with the payload JSON (by default {}); prints its id, one a line for several.

    The payload is checked against the type's model before the database is touched.
    """
    single: dict[str, object] = {"--key": key, "--unique-for": unique_for, "--on-conflict": on_conflict}
    single |= {
        "--expires": expires,
        "--deadline": deadline,
        "--depends-on": depends_on or None,
        "--on-failure": on_failure,
    }
    given = [flag for flag, value in single.items() if value is not None]
    if given and count > 1:
        raise click.UsageError(f"{given[0]} is said of one job, so it does not go with --count")
    options: EnqueueOptions = {"priority": priority, "delay": delay, "key": key}
    options |= {"unique_for": unique_for, "expires": expires, "done_within": deadline}
    if depends_on:
        options["depends_on"] = depends_on
    if on_failure is not None:
        options["on_failure"] = cast("OnFailure", on_failure)
    if on_conflict is not None:
        options["on_conflict"] = cast("OnConflict", on_conflict)
    ids, duplicate = _store(target, type_, payload, options, count)
    if as_json:
        print_json({"ids": ids, "duplicate": duplicate})
        return
    if duplicate:
        click.echo(f"the key {key!r} is taken: this is the job that holds it", err=True)
    for job_id in ids:
        click.echo(job_id)


def _store(
    target: Target, type_: str, payload: str, options: "EnqueueOptions", count: int
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
            delay, priority = options["delay"], options["priority"]
            return await queue.enqueue_raw_many(type_, payload, count, delay=delay, priority=priority), False
        record = await queue.enqueue_raw(type_, payload, **options)
        return [record.id], record.duplicate

    return target.run(store, app)
