"""Dead letters: jobs that failed for good, until somebody has looked at them."""

from pydantic import Field
from quart import Blueprint

from web.api.jobs import LARGEST_ID
from web.api.shapes import JobShape, Moment, Payload, Shape
from web.inputs import Input
from web.operations import operation
from web.site import site

blueprint = Blueprint("deadLetters", __name__, url_prefix="/admin/dlq")


class DeadLetterQuery(Input):
    """Which dead letters to list."""

    reviewed: bool | None = None
    type: str | None = Field(None, max_length=100)
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=LARGEST_ID)


class DeadLetterShape(Shape):
    """A job that failed for good."""

    id: int
    job_id: int
    type: str
    payload: Payload
    attempts: int
    error: str
    failed_at: Moment
    reviewed: bool


class DeadLetterPage(Shape):
    """Dead letters, newest first."""

    dead_letters: tuple[DeadLetterShape, ...]
    cursor: int | None = Field(description="Ask for what follows with it; null at the end.")


class RetryInput(Input):
    """Which dead letters to begin anew."""

    type: str | None = Field(None, max_length=100, description="By default all types.")


class RetriedShape(Shape):
    """How many began anew."""

    retried: int


@blueprint.get("")
@operation()
async def list_dead_letters(query: DeadLetterQuery) -> DeadLetterPage:
    """Dead letters, newest first."""
    page = await site().queue.dead_letters(
        reviewed=query.reviewed, type=query.type, limit=query.limit, cursor=query.cursor
    )
    return DeadLetterPage(
        dead_letters=tuple(DeadLetterShape.of(letter) for letter in page.items), cursor=page.cursor
    )


@blueprint.post("/<id:letter_id>/retry")
@operation(problems=(409,))
async def retry_dead_letter(letter_id: int) -> JobShape:
    """Begin a dead letter's job anew; the letter goes."""
    return JobShape.of(await site().queue.retry_dead_letter(letter_id))


@blueprint.post("/<id:letter_id>/review")
@operation()
async def review_dead_letter(letter_id: int) -> DeadLetterShape:
    """Note that somebody has looked at it."""
    return DeadLetterShape.of(await site().queue.review_dead_letter(letter_id))


@blueprint.post("/retry")
@operation()
async def retry_dead_letters(body: RetryInput) -> RetriedShape:
    """Begin the jobs of all dead letters anew, of one type or of all."""
    return RetriedShape(retried=await site().queue.retry_dead_letters(body.type))
