"""Who runs jobs, and how busy they are."""

from quart import Blueprint

from web.api.shapes import Moment, Shape
from web.operations import operation
from web.site import site

blueprint = Blueprint("workers", __name__)


class WorkerShape(Shape):
    """A worker process."""

    id: str
    host: str
    pid: int
    started_at: Moment
    seen_at: Moment
    runners: int
    running: int
    types: tuple[str, ...]
    alive: bool
    stopping: bool


class WorkerList(Shape):
    """All workers that have not gone."""

    workers: tuple[WorkerShape, ...]


@blueprint.get("/admin/workers")
@operation()
async def list_workers() -> WorkerList:
    """The workers that have not gone."""
    return WorkerList(workers=tuple(WorkerShape.of(worker) for worker in await site().queue.workers()))
