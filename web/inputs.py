"""Reading what a request carries into models: strictly, with the fields at fault named."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

import trio
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, from_json
from quart import request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from runtime.errors import FieldError, InvalidInput
from web.errors import MalformedRequest, UnsupportedMediaType

ModelT = TypeVar("ModelT", bound=BaseModel)

LARGEST_BODY = 1024 * 1024
BODY_SECONDS = 10.0
MOST_ERRORS = 50
MOST_FORM_FIELDS = 20
FORM = "application/x-www-form-urlencoded"


class Input(BaseModel):
    """Base of what requests carry: camelCase, and nothing that nobody asked for."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, allow_inf_nan=False)


async def read_body(model: type[ModelT]) -> ModelT:
    """The JSON body. No body at all counts as `{}` where the model can do without.

    Raises:
        UnsupportedMediaType: it is not declared as JSON.
        MalformedRequest: it is not JSON: bad syntax or UTF-8, NaN, lone surrogates, nested too deeply.
        InvalidInput: it does not fit the model.
        HTTPException: larger than the limit, or too slow to arrive.
    """
    raw = await _read()
    if not raw and "Content-Type" not in request.headers and not _requires(model):
        raw = b"{}"
    elif not request.is_json:
        raise UnsupportedMediaType("send the body as application/json")
    try:
        from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRequest(f"the body is not JSON: {error}") from None
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid_input(error, "body") from None


async def read_form() -> Mapping[str, str]:
    """The fields of a form that a page of ours sent.

    Raises:
        UnsupportedMediaType: it is not one.
        MalformedRequest: it has more fields than any of ours.
        HTTPException: larger than the limit, or too slow to arrive.
    """
    if request.mimetype != FORM:
        raise UnsupportedMediaType(f"send the form as {FORM}")
    text = (await _read()).decode(errors="replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FORM_FIELDS))
    except ValueError:
        raise MalformedRequest("the form has too many fields") from None


def read_query(model: type[ModelT]) -> ModelT:
    """The query string.

    Raises:
        InvalidInput: it does not fit the model, names something unknown, or says something twice.
    """
    given = request.args.to_dict(flat=False)
    _refuse_repeated(given)
    try:
        return model.model_validate_strings({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise invalid_input(error, "query") from None


def read_headers(model: type[ModelT]) -> ModelT:
    """Those headers that the model has fields for, by their aliases.

    Raises:
        InvalidInput: they do not fit the model, or one comes twice.
    """
    names = [field.alias or name for name, field in model.model_fields.items()]
    given = {name: request.headers.getlist(name) for name in names if name in request.headers}
    _refuse_repeated(given)
    try:
        return model.model_validate_strings({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise invalid_input(error, "headers") from None


def invalid_input(error: ValidationError, whole: str) -> InvalidInput:
    """Pydantic's error as ours; `whole` is the field's name where all of the input is at fault."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    errors = [FieldError(_path(detail) or whole, detail["msg"]) for detail in details[:MOST_ERRORS]]
    return InvalidInput(_summary(errors), errors)


async def _read() -> bytes:
    """The body, part by part: newer versions of the framework keep all of it before they look at its size."""
    if (request.content_length or 0) > LARGEST_BODY:
        raise RequestEntityTooLarge
    body = bytearray()
    with trio.move_on_after(BODY_SECONDS) as patience:
        async for part in request.body:
            body += part
            if len(body) > LARGEST_BODY:
                raise RequestEntityTooLarge
    if patience.cancelled_caught:
        raise RequestTimeout
    return bytes(body)


def _summary(errors: Sequence[FieldError]) -> str:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first.field}: {first.message}{more}"


def _path(detail: ErrorDetails) -> str:
    return ".".join(str(part) for part in detail["loc"])


def _requires(model: type[BaseModel]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


def _refuse_repeated(given: dict[str, list[str]]) -> None:
    errors = [
        FieldError(name, "is given more than once") for name, values in given.items() if len(values) > 1
    ]
    if errors:
        raise InvalidInput(_summary(errors), errors)
