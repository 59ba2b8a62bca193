"""What all pages share: how they are drawn, how they renew themselves, and where a form leads back to."""

from collections.abc import Mapping
from urllib.parse import urlencode

from quart import Response, redirect, render_template, request
from werkzeug.wrappers import Response as WerkzeugResponse

from web import words
from web.guard import caller
from web.inputs import read_form
from web.site import site

REFRESH = 5
"""Seconds."""


async def draw(template: str, values: Mapping[str, object], status: int = 200) -> Response:
    """A page made from a template."""
    shared = {"words": words, "application": site().deployment.app.name, "has_login": site().gate.has_login}
    page = await render_template(template, **{**shared, **values})
    return Response(page, status, content_type="text/html; charset=utf-8")


async def draw_live(
    template: str,
    *,
    notices: Mapping[str, str],
    kept: Mapping[str, str | int | None] | None = None,
    **values: object,
) -> Response:
    """A page that renews itself, unless its address says `live=off`.

    Args:
        notices: what the page may say of the form that led to it, by the word in the address.
        kept: what else of the address stands when the page renews itself.
    """
    query = {name: str(value) for name, value in (kept or {}).items() if value is not None}
    shared = {
        "live": is_live(),
        "refresh": REFRESH,
        "here": _address(request.path, query),
        "here_paused": _address(request.path, query | {"live": "off"}),
        "notice": notices.get(request.args.get("notice", "")),
        "form_token": site().gate.form_token(caller().session),
    }
    return await draw(template, {**shared, **values})


def is_live() -> bool:
    """Whether the page renews itself."""
    return request.args.get("live") != "off"


def cursor() -> int | None:
    """Where the address says that a list begins; None where it says nothing that we understand."""
    text = request.args.get("cursor", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None


async def check_form() -> None:
    """Refuse a form that we did not make for this session.

    Raises:
        Forbidden: it is somebody else's, or out of date.
    """
    form = await read_form()
    site().gate.check_form(form.get("form_token", ""), caller().session)


def back_to(path: str, notice: str) -> WerkzeugResponse:
    """To the page that a form was on, which says what has happened."""
    return redirect(_address(path, {"notice": notice} | ({} if is_live() else {"live": "off"})), 303)


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
