"""Job: the base of payload models, with the policy that belongs to enqueueing.

A job is data. It stands below everything that enqueues, so the side that
enqueues never imports the side that runs.

    class SendEmail(Job, type="send_email", priority=Priority.HIGH):
        to: EmailStr
        subject: str
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Self, Unpack

from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.errors import ConfigurationError, FieldError, InvalidPayload
from runtime.model.records import Priority

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_DEPTH = 50
_TYPE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueuePolicy:
    """What an enqueue uses where the caller says nothing."""

    type: str
    priority: int
    max_attempts: int


class Job(BaseModel):
    """A payload model. Subclass it and name its type; its fields are the payload.

    A field marked `Field(json_schema_extra={"secret": True})` is stored, and shown to nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    policy: ClassVar[EnqueuePolicy]

    def __init_subclass__(
        cls,
        type: str | None = None,  # noqa: A002 - the contract's word
        priority: int = Priority.NORMAL,
        max_attempts: int = 5,
        **kwargs: Unpack[ConfigDict],
    ) -> None:
        """Read the policy from the class line.

        Raises:
            ConfigurationError: a bad type name, priority or number of attempts.
        """
        super().__init_subclass__(**kwargs)
        if type is None:  # a base class of the application's own
            return
        if not _TYPE_NAME.fullmatch(type):
            raise ConfigurationError(
                f"{cls.__name__}: type {type!r} must match [a-z0-9][a-z0-9_.-]*, at most 100"
            )
        if not 0 <= priority <= 100:
            raise ConfigurationError(f"{cls.__name__}: priority must be from 0 to 100, not {priority}")
        if max_attempts < 1:
            raise ConfigurationError(f"{cls.__name__}: max_attempts must be at least 1, not {max_attempts}")
        cls.policy = EnqueuePolicy(type=type, priority=int(priority), max_attempts=max_attempts)

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        """The fields that are marked as secret."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("secret") is True
        )

    def payload(self) -> str:
        """The JSON text that is stored.

        Raises:
            InvalidPayload: larger than 64 KiB, or text that JSON cannot carry.
        """
        try:
            # What `model_dump_json` calls, without its dozen arguments: a third of the time.
            text = self.__pydantic_serializer__.to_json(self)
        except ValueError as error:
            raise InvalidPayload(f"the payload cannot be written as JSON: {error}") from error
        if len(text) > MAX_PAYLOAD_BYTES:
            raise InvalidPayload(f"the payload is larger than {MAX_PAYLOAD_BYTES} bytes")
        if b"\\u0000" in text:
            # PostgreSQL's jsonb refuses it and SQLite's length() stops at it: refused on both.
            raise InvalidPayload("the payload holds a NUL character")
        return text.decode()

    @classmethod
    def parse(cls, payload: str) -> Self:
        """Read a stored payload.

        Raises:
            InvalidPayload: it does not fit the model; `errors` names the fields.
        """
        try:
            # What `model_validate_json` calls, without its arguments: half of the time.
            job: Self = cls.__pydantic_validator__.validate_json(payload)
        except ValidationError as error:
            raise invalid_payload(error, cls.policy.type) from error
        return job


def policy_of(model: type[Job]) -> EnqueuePolicy:
    """The policy that a model's own class line states; a subclass does not inherit its parent's type.

    Raises:
        ConfigurationError: it states none.
    """
    policy = model.__dict__.get("policy")
    if not isinstance(policy, EnqueuePolicy):
        raise ConfigurationError(f"{model.__name__} names no type: class {model.__name__}(Job, type=…)")
    return policy


def invalid_payload(error: ValidationError, subject: str) -> InvalidPayload:
    """Pydantic's error as ours: one line that names the fields, without echoing their values."""
    errors = [
        FieldError(".".join(str(part) for part in detail["loc"]) or "payload", detail["msg"])
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    summary = "; ".join(f"{item.field}: {item.message}" for item in errors[:5])
    return InvalidPayload(f"{subject}: {summary}", errors)
