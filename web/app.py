"""create_app: the site of any App: JSON API, dashboard, health and metrics."""

import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from quart import Blueprint, Response, send_from_directory
from quart_trio import QuartTrio

from runtime.app import Deployment
from runtime.errors import NotFound
from web import api, guard, problems
from web.admin import AdminPolicy, Gate
from web.dashboard import pages
from web.events import WebEvents
from web.guard import public
from web.inputs import BODY_SECONDS, LARGEST_BODY
from web.openapi import openapi
from web.paths import IdConverter
from web.problem_table import ProblemTable
from web.readiness import Readiness
from web.site import Site, attach

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
STATIC = Path(__file__).with_name("static")


def create_app(
    deployment: Deployment,
    *,
    admin: AdminPolicy,
    blueprints: Sequence[Blueprint] = (),
    hosts: frozenset[str] | None = LOOPBACK_NAMES,
) -> QuartTrio:
    """The site of an application; `web.serve` serves it.

    Args:
        deployment: the application, opened on its database.
        admin: who counts as an operator.
        blueprints: the application's own pages. Their views are for operators,
            unless marked with `web.guard.public` or `operation(public=True)`.
        hosts: the names in Host headers that are ours; None: any.
    """
    # A root of our own for static files: they get a view, so the guard's rule holds for them too.
    app = QuartTrio("web", static_folder=None, template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, BODY_TIMEOUT=int(BODY_SECONDS))
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    events = WebEvents()
    attach(
        app,
        Site(
            deployment=deployment,
            gate=Gate(admin, deployment.clock, events),
            hosts=hosts,
            problems=ProblemTable(),
            events=events,
            secret_fields=frozenset().union(
                *(model.secret_fields() for model in deployment.app.types.values())
            ),
            readiness=Readiness(deployment.database, deployment.clock, deployment.schema),
        ),
    )
    guard.install(app)
    problems.install(app)
    app.add_url_rule("/static/<path:name>", "static", _static_view())
    for blueprint in (*api.BLUEPRINTS, pages, *blueprints):
        app.register_blueprint(blueprint)
    # Made when somebody asks for it: half of what the start of a site would cost.
    app.config["OPENAPI"] = functools.cache(lambda: json.dumps(openapi(app)))
    return app


def _static_view() -> Callable[[str], Awaitable[Response]]:
    """Serves the files that are there now: what else a path may spell never meets the file system."""
    names = frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())

    @public
    async def static(name: str) -> Response:
        if name not in names:
            raise NotFound("there is no such file")
        response = await send_from_directory(STATIC, name)
        response.headers["Cache-Control"] = "no-cache"  # keep it, but ask whether it is still right
        return response

    return static
