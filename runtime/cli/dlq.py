"""`creche dlq`: the dead letter queue."""

from typing import TYPE_CHECKING

import click

from runtime.cli.jobs import print_job
from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_json, print_table, relative
from runtime.cli.paging import collect
from runtime.cli.parameters import IDENTIFIER, TEXT
from runtime.cli.shapes import record_json, to_json
from runtime.cli.target import Target
from runtime.model.records import DeadLetter, JobRecord, Page

if TYPE_CHECKING:
    from runtime.app import Deployment


@click.group()
def dlq() -> None:
    """Jobs that failed for good: the dead letter queue."""


@dlq.command("list")
@option("--reviewed", switch=True, own=True, explain="Only those that somebody has reviewed.")
@option("--unreviewed", switch=True, own=True, explain="Only those that nobody has reviewed.")
@option("--type", "type_", kind=TEXT, own=True, metavar="TYPE", explain="Only jobs of this type.")
@option("--limit", kind=click.IntRange(1), default=50, own=True, metavar="N", explain="At most so many.")
@option("--cursor", kind=IDENTIFIER, own=True, metavar="ID", explain="Read on where the last list ended.")
@json_option
@app_options
def list_letters(
    target: Target,
    *,
    reviewed: bool,
    unreviewed: bool,
    type_: str | None,
    limit: int,
    cursor: int | None,
    as_json: bool,
) -> None:
    """List dead letters, newest first."""
    if reviewed and unreviewed:
        raise click.UsageError("--reviewed and --unreviewed exclude each other")
    wanted = reviewed if reviewed != unreviewed else None

    async def look(deployment: "Deployment") -> tuple[Page[DeadLetter], float]:
        async def fetch(most: int, before: int | None) -> Page[DeadLetter]:
            return await deployment.queue.dead_letters(reviewed=wanted, type=type_, limit=most, cursor=before)

        return await collect(fetch, limit, cursor), deployment.clock.now()

    page, now = target.run(look)
    if as_json:
        print_json({"deadLetters": to_json(page.items), "cursor": page.cursor})
        return
    rows = [_row(letter, now) for letter in page.items]
    columns = ("id", "job", "type", "attempts", "failed", "reviewed", "error")
    print_table(columns, rows, nothing="no dead letters")
    if page.cursor is not None:
        click.echo(f"more: --cursor {page.cursor}", err=True)


@dlq.command("retry")
@click.argument("letter_id", metavar="[ID]", type=IDENTIFIER, required=False)
@option("--all", "every", switch=True, own=True, explain="All of them.")
@option("--type", "type_", kind=TEXT, own=True, metavar="TYPE", explain="All of this type.")
@json_option
@app_options
def retry_letter(
    target: Target, letter_id: int | None, every: bool, type_: str | None, as_json: bool
) -> None:
    """Run a dead letter's job again, or all of them.

    The job gets all its attempts again; its dead letter goes.
    """
    if [letter_id is not None, every, type_ is not None].count(True) != 1:
        raise click.UsageError("give an ID, or --type TYPE, or --all")

    async def retry(deployment: "Deployment") -> JobRecord | int:
        if letter_id is None:
            return await deployment.queue.retry_dead_letters(type_)
        return await deployment.queue.retry_dead_letter(letter_id)

    result = target.run(retry)
    if isinstance(result, int):
        _print_number("retried", result, as_json=as_json)
    else:
        print_job(result, as_json=as_json)


@dlq.command("review")
@click.argument("letter_id", metavar="ID", type=IDENTIFIER)
@json_option
@app_options
def review_letter(target: Target, letter_id: int, as_json: bool) -> None:
    """Note that somebody has looked at a dead letter."""

    async def review(deployment: "Deployment") -> DeadLetter:
        return await deployment.queue.review_dead_letter(letter_id)

    letter = target.run(review)
    if as_json:
        print_json(record_json(letter))
    else:
        click.echo(f"{letter.id} reviewed")


@dlq.command("purge")
@option("--all", "every", switch=True, own=True, explain="Also those that nobody has reviewed.")
@json_option
@app_options
def purge_letters(target: Target, every: bool, as_json: bool) -> None:
    """Throw away the dead letters that were reviewed.

    Their jobs stay listed as failed.
    """

    async def purge(deployment: "Deployment") -> int:
        return await deployment.queue.purge_dead_letters(reviewed_only=not every)

    _print_number("purged", target.run(purge), as_json=as_json)


def _print_number(word: str, number: int, *, as_json: bool) -> None:
    if as_json:
        print_json({word: number})
    else:
        click.echo(f"{number} {word}")


def _row(letter: DeadLetter, now: float) -> tuple[str, ...]:
    error = letter.error.strip().split("\n", 1)[0]
    return (
        str(letter.id),
        str(letter.job_id),
        letter.type,
        str(letter.attempts),
        relative(letter.failed_at, now),
        "yes" if letter.reviewed else "no",
        error if len(error) <= 100 else error[:99] + "…",
    )
