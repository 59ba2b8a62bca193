"""Errors as RFC 9457 problem documents, made at one place for the whole site.

Whatever a view raises ends here: an error of ours by the table, one of the
framework by its status, anything else as a 500 that says nothing but its id.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from quart import Quart, Response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as WerkzeugResponse

from runtime.errors import DatabaseError, InvalidInput
from web.asgi import is_disconnect
from web.guard import request_id
from web.problem_table import UNEXPECTED, ProblemKind
from web.site import site

PROBLEM_JSON = "application/problem+json"
PAGES = "pages"
"""The blueprint whose errors, and those of the ones in it, are shown to people."""
DETAILS: Mapping[int, str] = MappingProxyType(
    {
        404: "There is nothing at this path.",
        405: "This method is not allowed here; the Allow header says which are.",
        408: "The body took too long to arrive.",
        413: "The body is larger than 1 MiB.",
    }
)


class FieldProblem(BaseModel):
    """One field of the request, and what is wrong with it."""

    field: str = Field(description="Dotted path in what was sent.", examples=["items.0.quantity"])
    message: str


class Problem(BaseModel):
    """An error, after RFC 9457."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="allow")

    type: str = Field(description="Names the kind of error.", examples=["urn:creche:problem:not-found"])
    title: str
    status: int
    detail: str = Field(description="What happened, for people.")
    request_id: str = Field(description="What the request is called in the server's log.")
    errors: list[FieldProblem] | None = Field(None, description="The fields at fault, of bad input.")


def install(app: Quart) -> None:
    """Answer every error of `app` with a problem document."""
    app.register_error_handler(HTTPException, _answer_framework_error)
    app.register_error_handler(Exception, answer_error)


async def answer_error(error: Exception) -> Response:
    """Any error that is not the framework's own."""
    if is_disconnect(error):
        return Response(b"", 499)  # nobody is there to read it
    kind = site().problems.find(type(error))
    _log(error, kind)
    members: dict[str, object] = {to_camel(name): getattr(error, name) for name in kind.members}
    if isinstance(error, InvalidInput) and error.errors:
        members["errors"] = [{"field": item.field, "message": item.message} for item in error.errors]
    detail = kind.detail or str(error) or kind.title
    return await _respond(kind.status, kind.title, detail, members, _headers(error, kind))


async def _answer_framework_error(error: HTTPException) -> Response | WerkzeugResponse:
    status = error.code or 500
    if isinstance(error, InternalServerError):
        return await answer_error(error.original_exception or error)  # type: ignore[arg-type]
    if status < 400:  # a redirect is raised too
        return error.get_response()
    kept = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in {"content-type", "content-length"}
    }
    title = error.name.capitalize()
    return await _respond(status, title, DETAILS.get(status, error.description or title), {}, kept)


async def _respond(
    status: int, title: str, detail: str, members: Mapping[str, object], headers: Mapping[str, str]
) -> Response:
    if PAGES in request.blueprints:
        page = await render_template(
            "problem.html", status=status, title=title, detail=detail, request_id=request_id()
        )
        return Response(page, status, dict(headers), content_type="text/html; charset=utf-8")
    problem = Problem(
        type="urn:creche:problem:" + title.lower().replace(" ", "-").replace("'", ""),
        title=title,
        status=status,
        detail=detail,
        request_id=request_id(),
        **members,
    )
    text = problem.model_dump_json(by_alias=True, exclude_none=True)
    return Response(text, status, dict(headers), content_type=PROBLEM_JSON)


def _headers(error: Exception, kind: ProblemKind) -> dict[str, str]:
    headers: dict[str, str] = {}
    retry_after = getattr(error, "retry_after", kind.retry_after)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, round(retry_after)))
    if kind.challenge:
        headers["WWW-Authenticate"] = 'Bearer realm="creche"'
    return headers


def _log(error: Exception, kind: ProblemKind) -> None:
    if kind is UNEXPECTED or kind.status == 500:
        site().events.request_failed(request_id(), request.method, request.path, error)
    elif isinstance(error, DatabaseError):
        site().events.request_unanswerable(request_id(), request.method, request.path, error)
