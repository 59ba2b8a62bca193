"""Jobs: list, enqueue, look, cancel, retry."""

import json
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue
from quart import Blueprint

from runtime.errors import FieldError, InvalidInput, InvalidPayload
from runtime.model.records import Priority, Status
from web.api.shapes import JobDetailShape, JobPage, JobShape, NewJobShape
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


class NewJobInput(Input):
    """A job to enqueue."""

    type: str = Field(max_length=100)
    payload: dict[str, JsonValue] = Field(default_factory=dict)
    priority: Annotated[int | None, BeforeValidator(_priority)] = Field(
        None,
        ge=0,
        le=100,
        description="From 0 to 100, or LOW, NORMAL, HIGH, CRITICAL; by default the type's.",
        json_schema_extra={
            "anyOf": [{"type": "integer"}, {"enum": [*Priority.__members__]}, {"type": "null"}]
        },
    )
    delay_seconds: float = Field(0, ge=0, description="When it is due, from now.")
    key: str | None = Field(None, description="Makes it unique among the unfinished jobs of its type.")

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
            body.type, body.payload_text(), delay=body.delay_seconds, priority=body.priority, key=body.key
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
