"""Limits, for all processes of the database together."""

from typing import Self

from pydantic import Field
from quart import Blueprint, Response

from runtime.limiting import LARGEST, LIMIT_KINDS, LimitKind
from runtime.model.rates import LARGEST as RATES_LARGEST
from runtime.model.records import LimitRecord
from web.api.shapes import Shape
from web.inputs import Input
from web.operations import operation
from web.paths import unknown_is_not_found
from web.site import site

blueprint = Blueprint("limits", __name__, url_prefix="/admin/limits")


class LimitInput(Input):
    """Limits to set; what is left out stays as it is, null removes."""

    rate: str | None = Field(
        None, max_length=100, description="`N/s`, `N/m`, `N/h` or `N/m:BURST`.", examples=["60/m"]
    )
    burst: float | None = Field(
        None, ge=1, le=RATES_LARGEST, description="What the bucket holds; by default the number of the rate."
    )
    concurrency: int | None = Field(None, ge=1, le=LARGEST, description="How many may run at once.")
    key_rate: str | None = Field(None, max_length=100, description="The rate of each key of the jobs apart.")
    key_concurrency: int | None = Field(None, ge=1, le=LARGEST, description="How many of one key at once.")

    @property
    def removed(self) -> list[LimitKind]:
        """The kinds that are to go."""
        return [kind for kind in LIMIT_KINDS if kind in self.model_fields_set and getattr(self, kind) is None]


class LimitShape(Shape):
    """The limits of a type that are in force; null: there is none of that kind."""

    type: str
    rate: str | None = Field(description="As people write it.", examples=["60/m:10"])
    per_second: float | None
    burst: float | None = Field(description="What the bucket holds when full.")
    tokens: float | None = Field(description="What it holds now.")
    concurrency: int | None = Field(description="How many may run at once.")
    running: int | None = Field(description="How many do, where that is limited.")
    key_rate: str | None = Field(description="The rate of each key of the jobs apart.")
    key_concurrency: int | None = Field(description="How many of one key may run at once.")

    @classmethod
    def of_record(cls, limit: LimitRecord) -> Self:
        """The shape of a limit."""
        return cls(
            type=limit.type,
            rate=limit.text,
            per_second=limit.rate,
            burst=limit.burst,
            tokens=limit.tokens,
            concurrency=limit.concurrency,
            running=limit.running,
            key_rate=limit.key_rate,
            key_concurrency=limit.key_concurrency,
        )


class LimitList(Shape):
    """All limits."""

    limits: tuple[LimitShape, ...]


@blueprint.get("")
@operation()
async def list_limits() -> LimitList:
    """The limits in force."""
    return LimitList(limits=tuple(LimitShape.of_record(limit) for limit in await site().queue.limits()))


@blueprint.put("/<job_type>")
@operation()
async def set_limit(job_type: str, body: LimitInput) -> LimitShape:
    """Limit how often jobs of a type start and how many run. In force on every worker within two seconds."""
    wanted = body.model_dump(exclude_none=True)
    with unknown_is_not_found():
        limit = await site().queue.set_limit(job_type, **wanted, remove=body.removed)
    return LimitShape.of_record(limit)


@blueprint.delete("/<job_type>")
@operation(status=204)
async def remove_limit(job_type: str) -> Response:
    """Remove all limits of a type."""
    await site().queue.remove_limit(job_type)
    return Response(b"", 204)
