"""`creche workflows`: jobs that belong together, looked at and steered as a whole."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_facts, print_json, print_table, relative
from runtime.cli.paging import collect
from runtime.cli.parameters import IDENTIFIER
from runtime.cli.shapes import Json, record_json, to_json
from runtime.cli.target import Target
from runtime.model.composition import Member, WorkflowRecord, WorkflowState
from runtime.model.records import Page

if TYPE_CHECKING:
    from runtime.app import Deployment

COLUMNS = ("id", "name", "state", "ended", "completed", "failed", "cancelled", "created")


@click.group()
def workflows() -> None:
    """Jobs that belong together, as a whole."""


@workflows.command("list")
@option(
    "--state",
    kind=click.Choice([state.value for state in WorkflowState]),
    own=True,
    explain="Only workflows in this state.",
)
@option("--limit", kind=click.IntRange(1), default=50, own=True, metavar="N", explain="At most so many.")
@option("--cursor", kind=IDENTIFIER, own=True, metavar="ID", explain="Read on where the last list ended.")
@json_option
@app_options
def list_workflows(
    target: Target, *, state: str | None, limit: int, cursor: int | None, as_json: bool
) -> None:
    """List workflows, newest first."""
    wanted = None if state is None else WorkflowState(state)

    async def look(deployment: "Deployment") -> tuple[Page[WorkflowRecord], float]:
        async def fetch(most: int, before: int | None) -> Page[WorkflowRecord]:
            return await deployment.queue.workflows(state=wanted, limit=most, cursor=before)

        return await collect(fetch, limit, cursor), deployment.clock.now()

    page, now = target.run(look)
    if as_json:
        print_json({"workflows": to_json(page.items), "cursor": page.cursor})
        return
    print_table(COLUMNS, [_row(workflow, now) for workflow in page.items], nothing="no workflows")
    if page.cursor is not None:
        click.echo(f"more: --cursor {page.cursor}", err=True)


@workflows.command("show")
@click.argument("workflow_id", metavar="ID", type=IDENTIFIER)
@option(
    "--limit", kind=click.IntRange(1), default=100, own=True, metavar="N", explain="At most so many jobs."
)
@option("--cursor", kind=IDENTIFIER, own=True, metavar="ID", explain="Read on where the last list ended.")
@json_option
@app_options
def show_workflow(target: Target, *, workflow_id: int, limit: int, cursor: int | None, as_json: bool) -> None:
    """Show a workflow and its jobs, in the order in which they were stored."""

    async def look(deployment: "Deployment") -> tuple[WorkflowRecord, Page[Member], float]:
        async def fetch(most: int, after: int | None) -> Page[Member]:
            return await deployment.queue.workflow_jobs(workflow_id, limit=most, cursor=after)

        workflow = await deployment.queue.workflow(workflow_id)
        return workflow, await collect(fetch, limit, cursor), deployment.clock.now()

    workflow, page, now = target.run(look)
    if as_json:
        print_json({**_json(workflow), "jobs": to_json(page.items), "cursor": page.cursor})
        return
    print_facts(dict(zip(COLUMNS, _row(workflow, now), strict=True)))
    rows = [(str(member.id), member.type, member.status.value) for member in page.items]
    print_table(("job", "type", "status"), rows, nothing="no jobs")
    if page.cursor is not None:
        click.echo(f"more: --cursor {page.cursor}", err=True)


@workflows.command("cancel")
@click.argument("workflow_id", metavar="ID", type=IDENTIFIER)
@json_option
@app_options
def cancel_workflow(target: Target, workflow_id: int, as_json: bool) -> None:
    """Cancel its jobs: those that wait at once, those that run within a second."""

    async def cancel(deployment: "Deployment") -> WorkflowRecord:
        return await deployment.queue.cancel_workflow(workflow_id)

    _print(target.run(cancel), as_json=as_json)


@workflows.command("retry")
@click.argument("workflow_id", metavar="ID", type=IDENTIFIER)
@json_option
@app_options
def retry_workflow(target: Target, workflow_id: int, as_json: bool) -> None:
    """Begin its failed and cancelled jobs anew, each after those that it depends on."""

    async def retry(deployment: "Deployment") -> WorkflowRecord:
        return await deployment.queue.retry_workflow(workflow_id)

    _print(target.run(retry), as_json=as_json)


def _print(workflow: WorkflowRecord, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(workflow))
    else:
        ended = workflow.total - workflow.unfinished
        click.echo(f"{workflow.id} {workflow.state}: {ended} of {workflow.total} jobs have ended")


def _json(workflow: WorkflowRecord) -> dict[str, Json]:
    return {**record_json(workflow), "total": workflow.total, "progress": workflow.progress}


def _row(workflow: WorkflowRecord, now: float) -> tuple[str, ...]:
    return (
        str(workflow.id),
        workflow.name,
        workflow.state.value,
        f"{workflow.total - workflow.unfinished} of {workflow.total}",
        str(workflow.completed),
        str(workflow.failed),
        str(workflow.cancelled),
        relative(workflow.created_at, now),
    )
