"""Operations: views of the JSON API whose annotations are their contract.

    @orders.post("/orders")
    @operation(status=201, problems=(402, 409), public=True)
    async def place_order(body: OrderRequest, headers: OrderHeaders) -> Reply[OrderShape]: ...

Parameters named `body`, `query` and `headers` are read from there into the
model that they are annotated with; all others come from the path. What the
view returns is written by its model. The OpenAPI document is made from the
same annotations, so it cannot say anything else.
"""

import functools
import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel
from quart import Response

from runtime.errors import ConfigurationError
from web.guard import public as mark_public
from web.inputs import read_body, read_headers, read_query

ShapeT = TypeVar("ShapeT", bound=BaseModel)
View = Callable[..., Awaitable[Response]]

JSON = "application/json"
_OPERATION = "_creche_operation"


@dataclass(frozen=True, slots=True)
class Reply(Generic[ShapeT]):
    """An answer that needs a status or headers of its own."""

    body: ShapeT
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is known of an operation without calling it."""

    name: str
    summary: str
    description: str
    status: int
    more_statuses: tuple[int, ...]
    """Other statuses that carry the same shape."""
    problems: tuple[int, ...]
    public: bool
    media: str
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    headers: type[BaseModel] | None
    answer: type[BaseModel] | None
    """None: `media` says all there is."""
    answer_headers: Mapping[str, str]
    """Headers of a good answer, with what they mean."""


def operation(
    *,
    status: int = 200,
    more_statuses: tuple[int, ...] = (),
    problems: tuple[int, ...] = (),
    public: bool = False,
    media: str = JSON,
    answer_headers: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Awaitable[object]]], View]:
    """Make a view of the decorated function.

    Args:
        status: of a good answer.
        more_statuses: that carry the same shape.
        problems: statuses of errors, beside those that any such operation has.
        public: whether everybody may call it; by default operators only.
        media: the type of what it returns, where that is a whole `Response`.
        answer_headers: headers of a good answer, and what they mean.
    """

    def decorate(function: Callable[..., Awaitable[object]]) -> View:
        hints = typing.get_type_hints(function)
        summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
        described = Operation(
            name=function.__name__,
            summary=summary.rstrip("."),
            description=description.strip(),
            status=status,
            more_statuses=more_statuses,
            problems=problems,
            public=public,
            media=media,
            body=_model(hints, "body"),
            query=_model(hints, "query"),
            headers=_model(hints, "headers"),
            answer=_answer_model(hints.get("return"), function.__name__),
            answer_headers=answer_headers or {},
        )

        @functools.wraps(function)
        async def view(**path: object) -> Response:
            return write(await function(**await _read(described), **path), described.status)

        setattr(view, _OPERATION, described)
        return mark_public(view) if public else view

    return decorate


def operation_of(view: object) -> Operation | None:
    """The operation behind a view; None where it is a page."""
    found = getattr(view, _OPERATION, None)
    return found if isinstance(found, Operation) else None


def write(result: object, status: int) -> Response:
    """What a view returned, as a response."""
    if isinstance(result, Response):
        return result
    headers: Mapping[str, str] = {}
    if isinstance(result, Reply):
        status, headers, result = result.status or status, result.headers, result.body
    if not isinstance(result, BaseModel):
        raise TypeError(f"a view returned {type(result).__name__}")
    return Response(result.model_dump_json(by_alias=True), status, dict(headers), content_type=JSON)


async def _read(described: Operation) -> dict[str, BaseModel]:
    given: dict[str, BaseModel] = {}
    if described.headers is not None:
        given["headers"] = read_headers(described.headers)
    if described.query is not None:
        given["query"] = read_query(described.query)
    if described.body is not None:
        given["body"] = await read_body(described.body)
    return given


def _model(hints: Mapping[str, object], name: str) -> type[BaseModel] | None:
    found = hints.get(name)
    if found is None:
        return None
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise ConfigurationError(f"the parameter {name} of an operation must be annotated with a model")
    return found


def _answer_model(annotation: object, name: str) -> type[BaseModel] | None:
    if typing.get_origin(annotation) is Reply:
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, Response):
        return None
    raise ConfigurationError(f"operation {name} must say that it returns a model, a Reply or a Response")
