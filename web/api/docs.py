"""The OpenAPI document, and the page that shows it."""

from quart import Blueprint, Response, current_app, render_template

from web.guard import POLICY, public

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
@public
async def document() -> Response:  # noqa: ASYNC124 - Quart runs plain functions in threads
    """The OpenAPI 3.1 document of this site."""
    return Response(str(current_app.config["OPENAPI"]()), content_type="application/json")


@blueprint.get("/docs")
@public
async def page() -> Response:
    """The document to read and to try, without a connection to anywhere else."""
    response = Response(await render_template("docs.html"), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = f"{POLICY}; script-src 'self'; connect-src 'self'"
    return response
