"""The queue in numbers."""

from typing import Self

from pydantic import Field
from quart import Blueprint

from runtime.model.records import QueueStats, Status
from web.api.shapes import Shape
from web.operations import operation
from web.site import site

blueprint = Blueprint("queue", __name__)


class QueueNumbers(Shape):
    """How many jobs are where, and how fast they move."""

    pending: int
    processing: int
    scheduled: int
    blocked: int
    completed: int
    failed: int
    cancelled: int
    completed_last_hour: int
    failed_last_hour: int
    completed_per_minute: float = Field(description="Mean of the last five whole minutes.")
    failure_rate: float = Field(description="Share of the last hour's attempts that failed, 0 to 1.")
    oldest_pending: float | None = Field(description="Seconds that the pending job due longest has waited.")


class DeadLetterNumbers(Shape):
    """How many dead letters nobody has looked at."""

    unreviewed: int


class TypeCountShape(Shape):
    """How many jobs of a type are in a status."""

    type: str
    status: Status
    count: int


class QueueStatsShape(Shape):
    """The queue in numbers."""

    queue: QueueNumbers
    dead_letter_queue: DeadLetterNumbers
    by_type: tuple[TypeCountShape, ...]

    @classmethod
    def of_stats(cls, stats: QueueStats) -> Self:
        """The shape of statistics."""
        numbers = {
            name: getattr(stats, name) for name in QueueNumbers.model_fields if name != "oldest_pending"
        }
        return cls(
            queue=QueueNumbers(**numbers, oldest_pending=stats.oldest_pending_seconds),
            dead_letter_queue=DeadLetterNumbers(unreviewed=stats.unreviewed_dead_letters),
            by_type=tuple(TypeCountShape.of(count) for count in stats.by_type),
        )


@blueprint.get("/admin/queue/stats")
@operation()
async def queue_stats() -> QueueStatsShape:
    """The queue in numbers. The cost does not grow with the jobs."""
    return QueueStatsShape.of_stats(await site().queue.stats())
