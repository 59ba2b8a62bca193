"""How records are written: camelCase, moments as ISO 8601 in UTC, payloads as values with secrets masked."""

import json
from typing import Annotated, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from quart import has_app_context

from runtime.cli.shapes import iso
from runtime.model.records import JobDetail, Status
from web.redaction import redacted
from web.site import site


class Shape(BaseModel):
    """Base of what answers carry; made from a record by `of`."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=False,
        from_attributes=True,
        frozen=True,
    )

    @classmethod
    def of(cls, record: object) -> Self:
        """The shape of a record that has attributes of the same names."""
        return cls.model_validate(record)


def _payload(text: object) -> object:
    """A stored payload as a value; as its text where somebody stored what is not JSON."""
    try:
        marked = site().secret_fields if has_app_context() else frozenset()
        return redacted(cast("JsonValue", json.loads(str(text), parse_constant=str)), marked)
    except (ValueError, RecursionError):
        return str(text)


Moment = Annotated[
    float, PlainSerializer(iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
Payload = Annotated[JsonValue, BeforeValidator(_payload)]


class JobShape(Shape):
    """A job."""

    id: int
    type: str
    payload: Payload
    status: Status
    priority: int
    attempts: int = Field(
        description="Attempts that count: ended by themselves, by an error or by a timeout."
    )
    max_attempts: int
    crashes: int = Field(description="How often a worker died while running it.")
    last_error: str | None
    key: str | None
    scheduled_at: Moment = Field(description="When it is due.")
    created_at: Moment
    updated_at: Moment
    completed_at: Moment | None = Field(description="When it ended, however it ended.")
    locked_by: str | None = Field(description="The worker that runs it, or ran it last.")
    locked_at: Moment | None
    cancel_requested: bool


class NewJobShape(JobShape):
    """A job as it was stored."""

    duplicate: bool = Field(description="The key was taken: this is the job that holds it.")


class AttemptShape(Shape):
    """One run of a job."""

    attempt: int
    outcome: str
    error: str | None
    worker: str
    started_at: Moment
    ended_at: Moment | None


class JobDetailShape(JobShape):
    """A job with its history."""

    wait_reason: str | None = Field(description="Why it does not run now.")
    history: tuple[AttemptShape, ...] = Field(description="All runs, oldest first.")

    @staticmethod
    def of_detail(detail: JobDetail) -> "JobDetailShape":
        """The shape of a job with its history."""
        # Made from validated parts: the payload must not be read twice.
        job = JobShape.of(detail.record)
        return JobDetailShape.model_construct(
            **dict(job),
            wait_reason=detail.wait_reason,
            history=tuple(AttemptShape.of(run) for run in detail.history),
        )


class JobPage(Shape):
    """Jobs, newest first."""

    jobs: tuple[JobShape, ...]
    cursor: int | None = Field(description="Ask for what follows with it; null at the end.")
