"""What every request passes before its view, and every answer after it.

Default deny: a view that is not marked `public` is for operators. The order of
the checks matters: who asks is settled before anything tells what there is.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from quart import Quart, Response, current_app, g, request
from werkzeug.wrappers import Response as WerkzeugResponse

from web.admin import Caller
from web.errors import Forbidden, MalformedRequest, ShuttingDown, UnknownHost
from web.site import site

ViewT = TypeVar("ViewT", bound=Callable[..., object])
AnyResponse = Response | WerkzeugResponse

SESSION_COOKIE = "creche_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PRIVATE_PATHS = ("/admin", "/dashboard", "/metrics")
"""Below these even what does not exist is for operators."""
ANSWERED_WHILE_STOPPING = frozenset({"/livez", "/readyz", "/health"})
_FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PUBLIC = "_creche_public"

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""No script at all. A page that needs one says so itself."""
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        # Not no-referrer: browsers would then send `Origin: null` with our own forms.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)


def public(view: ViewT) -> ViewT:
    """Mark a view as open to everybody."""
    setattr(view, _PUBLIC, True)
    return view


def is_public(view: object) -> bool:
    """Whether a view is marked as open to everybody."""
    return getattr(view, _PUBLIC, False) is True


def install(app: Quart) -> None:
    """Put the guard before and behind every view of `app`."""
    app.before_request(_before)
    app.after_request(_after)
    app.before_websocket(_refuse_websocket)


def caller() -> Caller:
    """Who sent the request that is being answered."""
    client = request.scope.get("client")
    authorization = request.headers.get("Authorization", "")
    scheme, _, credentials = authorization.partition(" ")
    return Caller(
        address=str(client[0]) if client else None,
        forwarded=any(name in request.headers for name in _FORWARDING),
        bearer=credentials.strip() if scheme.lower() == "bearer" else None,
        session=request.cookies.get(SESSION_COOKIE),
    )


def request_id() -> str:
    """What the request is called in logs and answers."""
    return str(g.get("request_id", ""))


def check_origin() -> None:
    """Refuse what a page of another site made the browser send.

    Browsers say where a request comes from; programs do not, and are let through:
    they have no cookies that somebody else could make use of.

    Raises:
        Forbidden: it comes from another site.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("a page of another site sent this request")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Forbidden("a page of another origin sent this request")


async def _before() -> None:  # noqa: ASYNC124 - Quart runs plain functions in threads
    proposed = request.headers.get("X-Request-Id", "")
    g.request_id = proposed if _REQUEST_ID.fullmatch(proposed) else secrets.token_hex(8)
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    _check_framing()
    _check_host()
    if site().stopping.is_set() and request.path not in ANSWERED_WHILE_STOPPING:
        raise ShuttingDown("the server is shutting down")
    if request.method not in SAFE_METHODS:
        check_origin()
    if not _is_open():
        site().gate.admit(caller())
        g.operator = True


async def _after(response: AnyResponse) -> AnyResponse:  # noqa: ASYNC124 - Quart runs plain functions in threads
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("X-Request-Id", request_id())
    if site().stopping.is_set():
        response.headers["Connection"] = "close"
    if g.get("operator") and request.method not in SAFE_METHODS:
        site().events.operator_did(caller().address, request.method, request.path, response.status_code)
    return response


async def _refuse_websocket() -> Response:  # noqa: ASYNC124 - Quart runs plain functions in threads
    """None of the checks here is made for websockets, so there are none."""
    return Response(b"", 403)


def _check_framing() -> None:
    """A request that says twice how long it is, means one thing to a proxy and another to us."""
    if "Transfer-Encoding" in request.headers and "Content-Length" in request.headers:
        raise MalformedRequest("a request has either a Content-Length or a Transfer-Encoding")


def _check_host() -> None:
    """A DNS name that suddenly points here would let its web page read ours."""
    hosts = site().hosts
    if hosts is None:
        return
    named = request.headers.getlist("Host")
    if len(named) != 1 or host_name(named[0]) not in hosts:
        raise UnknownHost("this server does not answer to that Host; see --allow-host")


def host_name(host: str) -> str:
    """The name in a Host header: without its port, in lower case."""
    if host.startswith("["):
        return host.partition("]")[0].lstrip("[").lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def _is_open() -> bool:
    rule = request.url_rule
    if rule is not None:
        return is_public(current_app.view_functions[rule.endpoint])
    return not any(request.path == path or request.path.startswith(f"{path}/") for path in PRIVATE_PATHS)
