"""Jobs: list, enqueue, look, cancel, retry, move."""

import json
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue
from quart import Blueprint

from runtime.errors import FieldError, InvalidInput, InvalidPayload
from runtime.model.records import OnFailure, Priority, Status
from runtime.transaction import OnConflict
from web.api.shapes import JobDetailShape, JobPage, JobShape, NewJobShape, Shape
from web.inputs import Input
from web.operations import Reply, operation
from web.site import site

blueprint = Blueprint("jobs", __name__, url_prefix="/admin/jobs")

LARGEST_ID = 2**63 - 1


def _priority(value: object) -> object:
    return Priority.__members__.get(value.upper(), value) if isinstance(value, str) else value


class JobQuery(Input):
    """Which jobs to list."""

    status: Status | None = None
    type: str | None = Field(None, max_length=100)
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=LARGEST_ID)


PriorityInput = Annotated[int | None, BeforeValidator(_priority)]
_PRIORITIES: dict[str, JsonValue] = {
    "anyOf": [{"type": "integer"}, {"enum": [*Priority.__members__]}, {"type": "null"}]
}


class NewJobInput(Input):
    """A job to enqueue."""

    type: str = Field(max_length=100)
    payload: dict[str, JsonValue] = Field(default_factory=dict)
    priority: PriorityInput = Field(
        None,
        ge=0,
        le=100,
        description="From 0 to 100, or LOW, NORMAL, HIGH, CRITICAL; by default the type's.",
        json_schema_extra=_PRIORITIES,
    )
    delay_seconds: float = Field(0, ge=0, description="When it is due, from now.")
    key: str | None = Field(None, description="Makes it unique among the unfinished jobs of its type.")
    unique_for_seconds: float | None = Field(
        None, gt=0, description="Keep the key taken for so long instead, whether the job has ended or not."
    )
    on_conflict: OnConflict = Field(
        "keep",
        description="What becomes of a waiting job that holds the key: `replace` gives it this payload, "
        "priority and due time; `debounce` this payload and due time, so that a burst runs once.",
    )
    expires_seconds: float | None = Field(None, gt=0, description="Not started by then, it is cancelled.")
    deadline_seconds: float | None = Field(None, gt=0, description="It must be done by then.")
    depends_on: list[int] = Field(
        default_factory=list, max_length=10_000, description="Ids of jobs that must have ended first."
    )
    on_failure: OnFailure = Field(
        "cancel",
        description="What becomes of it when one of them fails for good or is cancelled: `cancel` it too, "
        "`run` it all the same, or `wait` until that one is begun anew and completes.",
    )

    def payload_text(self) -> str:
        """The payload as JSON text.

        Raises:
            InvalidInput: it holds a number that JSON has no words for (`1e999`).
        """
        try:
            return json.dumps(self.payload, allow_nan=False)
        except ValueError:
            message = "holds a number that is too large"
            raise InvalidInput(f"payload {message}", [FieldError("payload", message)]) from None


class CancelInput(Input):
    """Which unfinished jobs to cancel: those that fit all that is said, or `all`."""

    type: str | None = Field(None, max_length=100)
    status: Status | None = None
    priority: PriorityInput = Field(None, ge=0, le=100, json_schema_extra=_PRIORITIES)
    older_than_seconds: float | None = Field(None, ge=0, description="Enqueued longer ago than that.")
    all: bool = Field(False, description="Needed where nothing else says which.")


class CancelledShape(Shape):
    """How many jobs were cancelled, or their workers asked to."""

    cancelled: int


class RescheduleInput(Input):
    """When a job is due: one of both."""

    delay_seconds: float | None = Field(None, ge=0, description="From now.")
    at: AwareDatetime | None = Field(None, description="The moment, with its offset from UTC.")


class NewPriorityInput(Input):
    """Another priority."""

    priority: Annotated[int, BeforeValidator(_priority)] = Field(
        ge=0, le=100, description="From 0 to 100, or LOW, NORMAL, HIGH, CRITICAL."
    )


@blueprint.get("")
@operation()
async def list_jobs(query: JobQuery) -> JobPage:
    """Jobs, newest first."""
    page = await site().queue.jobs(
        status=query.status, type=query.type, limit=query.limit, cursor=query.cursor
    )
    return JobPage(jobs=tuple(JobShape.of(record) for record in page.items), cursor=page.cursor)


@blueprint.post("")
@operation(status=201, more_statuses=(200,), answer_headers={"Location": "Where the job is."})
async def enqueue_job(body: NewJobInput) -> Reply[NewJobShape]:
    """Enqueue a job. Answered with 200 where the key is taken: by the job that holds it."""
    try:
        record = await site().queue.enqueue_raw(
            body.type,
            body.payload_text(),
            delay=body.delay_seconds,
            priority=body.priority,
            key=body.key,
            unique_for=body.unique_for_seconds,
            on_conflict=body.on_conflict,
            expires=body.expires_seconds,
            done_within=body.deadline_seconds,
            depends_on=body.depends_on,
            on_failure=body.on_failure,
        )
    except InvalidPayload as error:
        raise _below_payload(error) from error
    headers = {"Location": f"/admin/jobs/{record.id}"}
    return Reply(NewJobShape.of(record), headers, status=200 if record.duplicate else 201)


@blueprint.get("/<id:job_id>")
@operation()
async def show_job(job_id: int) -> JobDetailShape:
    """A job with its history, and why it does not run now."""
    return JobDetailShape.of_detail(await site().queue.job(job_id))


@blueprint.post("/<id:job_id>/cancel")
@operation(problems=(409,))
async def cancel_job(job_id: int) -> JobShape:
    """Cancel a job: a waiting one at once, a running one within a second, wherever it runs."""
    return JobShape.of(await site().queue.cancel(job_id))


@blueprint.post("/cancel")
@operation()
async def cancel_jobs(body: CancelInput) -> CancelledShape:
    """Cancel all unfinished jobs that fit, in transactions of a thousand."""
    number = await site().queue.cancel_many(
        type=body.type,
        status=body.status,
        priority=body.priority,
        older_than=body.older_than_seconds,
        everything=body.all,
    )
    return CancelledShape(cancelled=number)


@blueprint.post("/<id:job_id>/reschedule")
@operation(problems=(409,))
async def reschedule_job(job_id: int, body: RescheduleInput) -> JobShape:
    """Make a job that waits due at another moment."""
    at = None if body.at is None else body.at.timestamp()
    return JobShape.of(await site().queue.reschedule(job_id, at=at, delay=body.delay_seconds))


@blueprint.post("/<id:job_id>/priority")
@operation(problems=(409,))
async def prioritize_job(job_id: int, body: NewPriorityInput) -> JobShape:
    """Give a job that waits another priority."""
    return JobShape.of(await site().queue.prioritize(job_id, body.priority))


@blueprint.post("/<id:job_id>/retry")
@operation(problems=(409,))
async def retry_job(job_id: int) -> JobShape:
    """Begin a failed or cancelled job anew, or make a scheduled one due now."""
    return JobShape.of(await site().queue.retry(job_id))


def _below_payload(error: InvalidPayload) -> InvalidPayload:
    """The payload's fields as fields of the request."""
    errors = [
        FieldError(item.field if item.field == "payload" else f"payload.{item.field}", item.message)
        for item in error.errors
    ]
    return InvalidPayload(str(error), errors or [FieldError("payload", str(error))])
