"""Site: what every view of one served application may reach."""

from dataclasses import dataclass, field
from typing import cast

import trio
from quart import Quart, current_app

from runtime.app import Deployment
from runtime.client import Queue
from web.admin import Gate
from web.events import WebEvents
from web.problem_table import ProblemTable
from web.readiness import Readiness
from web.streams import Streams

_KEY = "creche"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The application behind the pages, and what the pages share."""

    deployment: Deployment
    gate: Gate
    """Who may see the admin pages."""
    hosts: frozenset[str] | None
    """The names in Host headers that are ours; None: any."""
    problems: ProblemTable
    events: WebEvents
    readiness: Readiness
    secret_fields: frozenset[str] = frozenset()
    """Names that some job type has marked as secret; masked in every payload."""
    streams: Streams = field(default_factory=Streams)
    """The event streams that are open."""
    stopping: trio.Event = field(default_factory=trio.Event)
    """Set when the server takes no new work; streams end then."""

    @property
    def queue(self) -> Queue:
        """The queue of the application."""
        return self.deployment.queue

    def now(self) -> float:
        """Wall time, in seconds since 1970 UTC."""
        return self.deployment.clock.now()


def attach(app: Quart, site: Site) -> None:
    """Make the site reachable from the views of `app`."""
    app.extensions[_KEY] = site


def site_of(app: Quart) -> Site:
    """The site that was attached to `app`."""
    return cast("Site", app.extensions[_KEY])


def site() -> Site:
    """The site of the request that is being answered."""
    return cast("Site", current_app.extensions[_KEY])
