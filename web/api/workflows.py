"""Workflows: jobs that belong together, looked at and steered as a whole."""

from pydantic import Field
from quart import Blueprint

from runtime.model.composition import WorkflowState
from runtime.model.records import Status
from web.api.shapes import Moment, Shape
from web.inputs import Input
from web.operations import operation
from web.site import site

blueprint = Blueprint("workflows", __name__, url_prefix="/admin/workflows")

LARGEST_ID = 2**63 - 1


class WorkflowQuery(Input):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=LARGEST_ID)


class WorkflowListQuery(WorkflowQuery):
    """Which workflows, and which part of the list."""

    state: WorkflowState | None = None


class WorkflowShape(Shape):
    """Jobs that belong together, and how many of them stand where."""

    id: int = Field(description="That of its first job.")
    name: str
    state: WorkflowState
    created_at: Moment
    finished_at: Moment | None = Field(description="When the last of its jobs ended.")
    total: int
    unfinished: int
    completed: int
    failed: int
    cancelled: int
    progress: float = Field(description="The share of its jobs that have ended.")


class WorkflowPage(Shape):
    """Workflows, and where the next ones begin."""

    workflows: tuple[WorkflowShape, ...]
    cursor: int | None


class MemberShape(Shape):
    """A job of a workflow."""

    id: int
    type: str
    status: Status


class WorkflowDetailShape(WorkflowShape):
    """A workflow with its jobs."""

    jobs: tuple[MemberShape, ...] = Field(description="In the order in which they were stored.")
    cursor: int | None = Field(description="Where the next ones begin.")


@blueprint.get("")
@operation()
async def list_workflows(query: WorkflowListQuery) -> WorkflowPage:
    """Workflows, newest first."""
    page = await site().queue.workflows(state=query.state, limit=query.limit, cursor=query.cursor)
    return WorkflowPage(workflows=tuple(map(WorkflowShape.of, page.items)), cursor=page.cursor)


@blueprint.get("/<id:workflow_id>")
@operation()
async def show_workflow(workflow_id: int, query: WorkflowQuery) -> WorkflowDetailShape:
    """A workflow with its jobs."""
    workflow = WorkflowShape.of(await site().queue.workflow(workflow_id))
    page = await site().queue.workflow_jobs(workflow_id, limit=query.limit, cursor=query.cursor)
    jobs = tuple(map(MemberShape.of, page.items))
    return WorkflowDetailShape(**dict(workflow), jobs=jobs, cursor=page.cursor)


@blueprint.post("/<id:workflow_id>/cancel")
@operation()
async def cancel_workflow(workflow_id: int) -> WorkflowShape:
    """Cancel its jobs: those that wait at once, those that run within a second."""
    return WorkflowShape.of(await site().queue.cancel_workflow(workflow_id))


@blueprint.post("/<id:workflow_id>/retry")
@operation(problems=(409,))
async def retry_workflow(workflow_id: int) -> WorkflowShape:
    """Begin its failed and cancelled jobs anew, each after those that it depends on."""
    return WorkflowShape.of(await site().queue.retry_workflow(workflow_id))
