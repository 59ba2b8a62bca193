"""Rate limits, for all processes of the database together."""

from typing import Self

from pydantic import Field
from quart import Blueprint, Response

from runtime.model.rates import LARGEST
from runtime.model.records import LimitRecord
from web.api.shapes import Shape
from web.inputs import Input
from web.operations import operation
from web.paths import unknown_is_not_found
from web.site import site

blueprint = Blueprint("limits", __name__, url_prefix="/admin/limits")


class LimitInput(Input):
    """A limit to set."""

    rate: str = Field(max_length=100, description="`N/s`, `N/m`, `N/h` or `N/m:BURST`.", examples=["60/m"])
    burst: float | None = Field(
        None, ge=1, le=LARGEST, description="What the bucket holds; by default the number of the rate."
    )


class LimitShape(Shape):
    """A rate limit in force."""

    type: str
    rate: str = Field(description="As people write it.", examples=["60/m:10"])
    per_second: float
    burst: float = Field(description="What the bucket holds when full.")
    tokens: float = Field(description="What it holds now.")

    @classmethod
    def of_record(cls, limit: LimitRecord) -> Self:
        """The shape of a limit."""
        return cls(
            type=limit.type, rate=limit.text, per_second=limit.rate, burst=limit.burst, tokens=limit.tokens
        )


class LimitList(Shape):
    """All limits."""

    limits: tuple[LimitShape, ...]


@blueprint.get("")
@operation()
async def list_limits() -> LimitList:
    """The rate limits in force."""
    return LimitList(limits=tuple(LimitShape.of_record(limit) for limit in await site().queue.limits()))


@blueprint.put("/<job_type>")
@operation()
async def set_limit(job_type: str, body: LimitInput) -> LimitShape:
    """Limit how often jobs of a type start. In force on every worker within two seconds."""
    with unknown_is_not_found():
        return LimitShape.of_record(await site().queue.set_limit(job_type, body.rate, body.burst))


@blueprint.delete("/<job_type>")
@operation(status=204)
async def remove_limit(job_type: str) -> Response:
    """Remove a limit."""
    await site().queue.remove_limit(job_type)
    return Response(b"", 204)
