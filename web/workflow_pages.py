"""Pages of workflows: all of them, and one with its picture, its jobs and what can be done to it."""

from collections.abc import Awaitable, Callable

from quart import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from runtime.errors import NotAllowed
from runtime.model.composition import WorkflowState
from web.pages import back_to, check_form, cursor, draw_live
from web.site import site
from web.workflow_view import look_at_workflow, look_at_workflows

workflow_pages = Blueprint("workflows", __name__, url_prefix="/dashboard/workflows")

NOTICES = {
    "cancelled": "What waited is cancelled; what runs ends within a second.",
    "retried": "Its failed and cancelled jobs begin anew.",
    "refused": "Not all of it could begin anew: another job has taken the key of one of its jobs.",
}


@workflow_pages.get("")
async def listed() -> Response:
    """Workflows, newest first."""
    named = request.args.get("state", "")
    state = WorkflowState(named) if named in set(WorkflowState) else None
    view = await look_at_workflows(site().queue, site().now(), state, cursor())
    kept = {"state": state, "cursor": cursor()}
    return await draw_live("workflows.html", view=view, states=list(WorkflowState), notices={}, kept=kept)


@workflow_pages.get("/<id:workflow_id>")
async def shown(workflow_id: int) -> Response:
    """One of them."""
    view = await look_at_workflow(site().queue, site().now(), workflow_id, cursor())
    return await draw_live("workflow.html", view=view, notices=NOTICES, kept={"cursor": cursor()})


@workflow_pages.post("/<id:workflow_id>/cancel")
async def cancel(workflow_id: int) -> WerkzeugResponse:
    """Cancel its jobs."""
    return await _act("cancelled", site().queue.cancel_workflow, workflow_id)


@workflow_pages.post("/<id:workflow_id>/retry")
async def retry(workflow_id: int) -> WerkzeugResponse:
    """Begin its failed and cancelled jobs anew."""
    return await _act("retried", site().queue.retry_workflow, workflow_id)


async def _act(notice: str, act: Callable[[int], Awaitable[object]], workflow_id: int) -> WerkzeugResponse:
    await check_form()
    try:
        await act(workflow_id)
    except NotAllowed:
        notice = "refused"
    return back_to(url_for(".shown", workflow_id=workflow_id), notice)
