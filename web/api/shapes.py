"""How records are written: camelCase, moments as ISO 8601 in UTC, payloads as values with secrets masked."""

import json
from typing import Annotated, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from quart import has_app_context

from runtime.cli.shapes import iso
from runtime.model.composition import Edge
from runtime.model.detail import JobDetail
from runtime.model.records import LogRecord, ProgressRecord, Status
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


class ProgressShape(Shape):
    """How far a job is."""

    fraction: float = Field(description="From 0 to 1.")
    message: str
    at: Moment

    @classmethod
    def of_progress(cls, said: ProgressRecord) -> Self:
        """The shape of what a run said."""
        return cls(fraction=said.fraction, message=said.message, at=said.reported_at)


class LogLineShape(Shape):
    """A line of a job's log."""

    run: int = Field(description="Of which of its runs: the first is 1.")
    level: str
    text: str
    at: Moment

    @classmethod
    def of_line(cls, line: LogRecord) -> Self:
        """The shape of a line."""
        return cls(run=line.claim, level=line.level, text=line.text, at=line.logged_at)


class RelativeShape(Shape):
    """A job that another waits for, or that waits for it."""

    id: int
    type: str
    status: Status
    edge: Edge = Field(description="`open`: it waits; `cancelled`: it was cancelled for the other's failure.")


class JobDetailShape(JobShape):
    """A job with its history."""

    wait_reason: str | None = Field(description="Why it does not run now.")
    start_by: Moment | None = Field(description="Not started by then, it is cancelled.")
    end_by: Moment | None = Field(description="When it must be done.")
    result: Payload | None = Field(description="What its handler returned.")
    progress: ProgressShape | None = Field(description="What its newest run said last.")
    logs: tuple[LogLineShape, ...] = Field(description="The newest lines of its log, oldest first.")
    parents: tuple[RelativeShape, ...] = Field(
        description="The first of the jobs that it waits or waited for."
    )
    children: tuple[RelativeShape, ...] = Field(description="Some of those that wait for it.")
    workflow_id: int | None = Field(description="The workflow that it belongs to.")
    history: tuple[AttemptShape, ...] = Field(description="All runs, oldest first.")

    @staticmethod
    def of_detail(detail: JobDetail) -> "JobDetailShape":
        """The shape of a job with its history."""
        # Made from validated parts: the payload must not be read twice.
        job = JobShape.of(detail.record)
        return JobDetailShape.model_construct(
            **dict(job),
            wait_reason=detail.wait_reason,
            start_by=detail.start_by,
            end_by=detail.end_by,
            result=None if detail.result is None else cast("JsonValue", _payload(detail.result)),
            progress=None if detail.progress is None else ProgressShape.of_progress(detail.progress),
            logs=tuple(LogLineShape.of_line(line) for line in detail.logs),
            parents=tuple(RelativeShape.of(each) for each in detail.parents),
            children=tuple(RelativeShape.of(each) for each in detail.children),
            workflow_id=detail.workflow_id,
            history=tuple(AttemptShape.of(run) for run in detail.history),
        )


class JobPage(Shape):
    """Jobs, newest first."""

    jobs: tuple[JobShape, ...]
    cursor: int | None = Field(description="Ask for what follows with it; null at the end.")
