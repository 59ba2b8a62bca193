"""`creche jobs`: look at jobs, cancel or retry them, move them."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import console, duration, print_facts, print_json, print_table, relative, table
from runtime.cli.paging import collect
from runtime.cli.parameters import IDENTIFIER, MOMENT, PRIORITY, SECONDS, TEXT
from runtime.cli.shapes import detail_json, record_json, to_json
from runtime.cli.target import Target
from runtime.model.records import JobRecord, Page, Status

if TYPE_CHECKING:
    from runtime.app import Deployment
    from runtime.model.detail import JobDetail
    from runtime.model.records import ProgressRecord

COLUMNS = ("id", "type", "status", "priority", "attempts", "due", "updated", "last error")


@click.group()
def jobs() -> None:
    """Look at jobs, cancel or retry them, move them."""


@jobs.command("list")
@option(
    "--status",
    kind=click.Choice([status.value for status in Status]),
    own=True,
    explain="Only jobs in this status.",
)
@option("--type", "type_", kind=TEXT, own=True, metavar="TYPE", explain="Only jobs of this type.")
@option("--limit", kind=click.IntRange(1), default=50, own=True, metavar="N", explain="At most so many.")
@option("--cursor", kind=IDENTIFIER, own=True, metavar="ID", explain="Read on where the last list ended.")
@json_option
@app_options
def list_jobs(
    target: Target, *, status: str | None, type_: str | None, limit: int, cursor: int | None, as_json: bool
) -> None:
    """List jobs, newest first."""
    wanted = None if status is None else Status(status)

    async def look(deployment: "Deployment") -> tuple[Page[JobRecord], float]:
        async def fetch(most: int, before: int | None) -> Page[JobRecord]:
            return await deployment.queue.jobs(status=wanted, type=type_, limit=most, cursor=before)

        return await collect(fetch, limit, cursor), deployment.clock.now()

    page, now = target.run(look)
    if as_json:
        print_json({"jobs": to_json(page.items), "cursor": page.cursor})
        return
    print_table(COLUMNS, [_row(job, now) for job in page.items], nothing="no jobs")
    if page.cursor is not None:
        click.echo(f"more: --cursor {page.cursor}", err=True)


@jobs.command("show")
@click.argument("job_id", metavar="ID", type=IDENTIFIER)
@json_option
@app_options
def show_job(target: Target, job_id: int, as_json: bool) -> None:
    """Show a job, why it waits, and how its runs ended."""

    async def look(deployment: "Deployment") -> "tuple[JobDetail, float]":
        return await deployment.queue.job(job_id), deployment.clock.now()

    detail, now = target.run(look)
    if as_json:
        print_json(detail_json(detail))
    else:
        _print_detail(detail, now)


@jobs.command("cancel")
@click.argument("job_id", metavar="[ID]", type=IDENTIFIER, required=False)
@option("--type", "type_", kind=TEXT, own=True, metavar="TYPE", explain="All of this type.")
@option(
    "--status",
    kind=click.Choice([status.value for status in Status if not status.finished]),
    own=True,
    explain="All in this status.",
)
@option("--priority", kind=PRIORITY, own=True, metavar="N|NAME", explain="All of this priority.")
@option("--older-than", kind=SECONDS, own=True, metavar="S", explain="All enqueued more than S seconds ago.")
@option("--all", "every", switch=True, own=True, explain="All that have not ended.")
@json_option
@app_options
def cancel_job(
    target: Target,
    *,
    job_id: int | None,
    type_: str | None,
    status: str | None,
    priority: int | None,
    older_than: float | None,
    every: bool,
    as_json: bool,
) -> None:
    """Cancel a job, or all that fit: at once, or within a second where they run."""
    filtered = any(value is not None for value in (type_, status, priority, older_than))
    if (job_id is not None) == (filtered or every):
        raise click.UsageError("say which: an ID, or --type, --status, --priority, --older-than or --all")

    async def cancel(deployment: "Deployment") -> JobRecord | int:
        if job_id is not None:
            return await deployment.queue.cancel(job_id)
        return await deployment.queue.cancel_many(
            type=type_,
            status=None if status is None else Status(status),
            priority=priority,
            older_than=older_than,
            everything=every,
        )

    done = target.run(cancel)
    if isinstance(done, JobRecord):
        print_job(done, as_json=as_json)
    elif as_json:
        print_json({"cancelled": done})
    else:
        click.echo(f"{done} cancelled")


@jobs.command("retry")
@click.argument("job_id", metavar="ID", type=IDENTIFIER)
@json_option
@app_options
def retry_job(target: Target, job_id: int, as_json: bool) -> None:
    """Run a failed or cancelled job again, a scheduled one now.

    A failed or cancelled job gets all its attempts again.
    """

    async def retry(deployment: "Deployment") -> JobRecord:
        return await deployment.queue.retry(job_id)

    print_job(target.run(retry), as_json=as_json)


@jobs.command("reschedule")
@click.argument("job_id", metavar="ID", type=IDENTIFIER)
@option("--delay", kind=SECONDS, own=True, metavar="S", explain="Due in so many seconds.")
@option("--at", kind=MOMENT, own=True, metavar="TIME", explain="Due then: ISO 8601, UTC unless it says so.")
@json_option
@app_options
def reschedule_job(
    target: Target, *, job_id: int, delay: float | None, at: float | None, as_json: bool
) -> None:
    """Make a job that waits due at another moment."""
    if (delay is None) == (at is None):
        raise click.UsageError("say when: --delay or --at")

    async def reschedule(deployment: "Deployment") -> JobRecord:
        return await deployment.queue.reschedule(job_id, at=at, delay=delay)

    print_job(target.run(reschedule), as_json=as_json)


@jobs.command("prioritize")
@click.argument("job_id", metavar="ID", type=IDENTIFIER)
@click.argument("priority", metavar="N|NAME", type=PRIORITY)
@json_option
@app_options
def prioritize_job(target: Target, job_id: int, priority: int, as_json: bool) -> None:
    """Give a job that waits another priority."""

    async def prioritize(deployment: "Deployment") -> JobRecord:
        return await deployment.queue.prioritize(job_id, priority)

    print_job(target.run(prioritize), as_json=as_json)


def print_job(job: JobRecord, *, as_json: bool) -> None:
    """What became of a job: its id and its status."""
    if as_json:
        print_json(record_json(job))
    else:
        click.echo(f"{job.id} {'cancellation requested' if job.cancel_requested else job.status}")


def _row(job: JobRecord, now: float) -> tuple[str, ...]:
    error = (job.last_error or "").strip().split("\n", 1)[0]
    return (
        str(job.id),
        job.type,
        job.status,
        str(job.priority),
        f"{job.attempts} of {job.max_attempts}",
        relative(job.scheduled_at, now),
        relative(job.updated_at, now),
        error if len(error) <= 80 else error[:79] + "…",
    )


def _print_detail(detail: "JobDetail", now: float) -> None:
    job = detail.record
    facts = {
        "id": str(job.id),
        "type": job.type,
        "status": job.status + (", cancellation requested" if job.cancel_requested else ""),
        "waits": detail.wait_reason or "",
        "priority": str(job.priority),
        "attempts": f"{job.attempts} of {job.max_attempts}"
        + (f", {job.crashes} crashes" if job.crashes else ""),
        "key": job.key or "",
        "created": relative(job.created_at, now),
        "due": relative(job.scheduled_at, now),
        "ended": "" if job.completed_at is None else relative(job.completed_at, now),
        "worker": job.locked_by or "",
        "must start": "" if detail.start_by is None else relative(detail.start_by, now),
        "must be done": "" if detail.end_by is None else relative(detail.end_by, now),
        "progress": "" if detail.progress is None else _progress(detail.progress, now),
        "payload": job.payload,
        "result": detail.result or "",
        "last error": job.last_error or "",
    }
    print_facts({name: value for name, value in facts.items() if value})
    if detail.history:
        _print_history(detail, now)
    if detail.logs:
        lines = [
            (relative(line.logged_at, now), str(line.claim), line.level, line.text) for line in detail.logs
        ]
        console().print(table(("logged", "run", "level", "text"), lines))


def _progress(progress: "ProgressRecord", now: float) -> str:
    said = f"{progress.fraction:.0%}, {progress.message}" if progress.message else f"{progress.fraction:.0%}"
    return f"{said} ({relative(progress.reported_at, now)})"


def _print_history(detail: "JobDetail", now: float) -> None:
    rows = [
        (
            str(run.attempt),
            run.outcome.replace("_", " "),
            relative(run.started_at, now),
            "" if run.ended_at is None else duration(run.ended_at - run.started_at),
            run.worker,
            run.error or "",
        )
        for run in detail.history
    ]
    console().print(table(("attempt", "outcome", "started", "took", "worker", "error"), rows))
