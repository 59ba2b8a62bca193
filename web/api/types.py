"""Job types: what there is of each; pause and resume."""

from quart import Blueprint

from runtime.model.records import Status
from web.api.shapes import Shape
from web.operations import operation
from web.paths import unknown_is_not_found
from web.site import site

blueprint = Blueprint("types", __name__, url_prefix="/admin/types")


class TypeShape(Shape):
    """A job type."""

    type: str
    paused: bool
    known: bool
    counts: dict[Status, int]


class TypeList(Shape):
    """All types that are declared, stored or run by a worker."""

    types: tuple[TypeShape, ...]


class PausedShape(Shape):
    """Whether jobs of a type may start."""

    type: str
    paused: bool


@blueprint.get("")
@operation()
async def list_types() -> TypeList:
    """Every type that is declared, stored or run by a worker."""
    return TypeList(types=tuple(TypeShape.of(found) for found in await site().queue.types()))


@blueprint.post("/<job_type>/pause")
@operation()
async def pause_type(job_type: str) -> PausedShape:
    """Start no more jobs of a type. In force on every worker within two seconds."""
    with unknown_is_not_found():
        await site().queue.pause(job_type)
    return PausedShape(type=job_type, paused=True)


@blueprint.post("/<job_type>/resume")
@operation()
async def resume_type(job_type: str) -> PausedShape:
    """Let jobs of a type start again."""
    with unknown_is_not_found():
        await site().queue.resume(job_type)
    return PausedShape(type=job_type, paused=False)
