"""Pages for operators: the dashboard with its forms, and the login.

Rendered here, refreshed by the browser, without a line of script.
"""

from collections.abc import Awaitable, Callable

from quart import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from runtime.errors import NotAllowed, NotFound
from web import words
from web.admin import SESSION_SECONDS
from web.errors import TooManyAttempts, Unauthorized
from web.guard import SESSION_COOKIE, caller, public
from web.inputs import read_form
from web.job_pages import job_pages
from web.overview import look
from web.pages import back_to, check_form, draw, draw_live
from web.problems import PAGES
from web.site import site
from web.workflow_pages import workflow_pages

pages = Blueprint(PAGES, __name__)
pages.register_blueprint(workflow_pages)
pages.register_blueprint(job_pages)

NOTICES = {
    "retried": "The job begins anew.",
    "reviewed": "Marked as reviewed.",
    "gone": "That dead letter is gone: somebody else was faster.",
}


@pages.get("/")
@public
async def home() -> WerkzeugResponse:  # noqa: ASYNC124 - Quart runs plain functions in threads
    """To the dashboard."""
    return redirect(url_for(".dashboard"), 303)


@pages.get("/dashboard")
async def dashboard() -> Response:
    """The page."""
    overview = await look(site().queue, site().now())
    return await draw_live("dashboard.html", view=overview, notices=NOTICES)


@pages.post("/dashboard/dead-letters/<id:letter_id>/retry")
async def retry_dead_letter(letter_id: int) -> WerkzeugResponse:
    """Begin a dead letter's job anew."""
    return await _act("retried", site().queue.retry_dead_letter, letter_id)


@pages.post("/dashboard/dead-letters/<id:letter_id>/review")
async def review_dead_letter(letter_id: int) -> WerkzeugResponse:
    """Note that somebody has looked at it."""
    return await _act("reviewed", site().queue.review_dead_letter, letter_id)


@pages.get("/login")
@public
async def login() -> Response | WerkzeugResponse:
    """The page that asks for the token."""
    if not site().gate.has_login:
        return redirect(url_for(".dashboard"), 303)
    return await _login_page()


@pages.post("/login")
@public
async def log_in() -> Response | WerkzeugResponse:
    """Exchange the token for a cookie."""
    form = await read_form()
    gate = site().gate
    gate.check_form(form.get("form_token", ""), None)
    try:
        gate.check_token(form.get("token", "").strip(), caller().address)
    except Unauthorized:
        return await _login_page(401, "That is not the admin token.")
    except TooManyAttempts as error:
        return await _login_page(429, f"Too many attempts. Try again in {words.length(error.retry_after)}.")
    response = redirect(url_for(".dashboard"), 303)
    response.set_cookie(
        SESSION_COOKIE,
        gate.open_session(),
        max_age=int(SESSION_SECONDS),
        httponly=True,
        samesite="Strict",
        secure=_is_encrypted(),
    )
    return response


@pages.post("/logout")
async def log_out() -> WerkzeugResponse:
    """End the session."""
    form = await read_form()
    session = caller().session
    site().gate.check_form(form.get("form_token", ""), session)
    if session is not None:
        site().gate.close_session(session)
    response = redirect(url_for(".login"), 303)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Strict")
    return response


@pages.errorhandler(Unauthorized)
async def _ask_for_token(_error: Unauthorized) -> Response:
    return await _login_page(401)


def _is_encrypted() -> bool:
    """Whether the browser sees this site by HTTPS, perhaps by way of a proxy that ends it."""
    return request.scheme == "https" or request.headers.get("Origin", "").startswith("https://")


async def _act(notice: str, act: Callable[[int], Awaitable[object]], letter_id: int) -> WerkzeugResponse:
    await check_form()
    try:
        await act(letter_id)
    except (NotFound, NotAllowed):
        notice = "gone"
    return back_to(url_for(".dashboard"), notice)


async def _login_page(status: int = 200, complaint: str | None = None) -> Response:
    values = {"complaint": complaint, "form_token": site().gate.form_token(None)}
    return await draw("login.html", values, status)
