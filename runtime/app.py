"""App: what a deployment is. Declaration only: importing one opens nothing.

app = App("shop")
async with app.open("sqlite:///shop.db") as deployment:
    await deployment.queue.enqueue(SendEmail(to="a@b.example", subject="hi"))
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from runtime.background import Background, open_background
from runtime.client import Queue
from runtime.clock import Clock, SystemClock
from runtime.db.base import Database
from runtime.db.location import Location, parse_location
from runtime.db.opening import open_database
from runtime.db.queries import Schema
from runtime.declarations import declare, is_declared
from runtime.errors import plain_errors
from runtime.events import Events
from runtime.handlers import Handlers
from runtime.store.doctor import Invariant, schema_versions
from runtime.surroundings import Services, find_service
from runtime.transaction import JobTransaction

S = TypeVar("S")

RUNTIME_SCHEMA = Schema("runtime", "runtime.store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """An application, opened on a database."""

    app: "App"
    location: Location
    database: Database[JobTransaction]
    queue: Queue
    background: Background
    clock: Clock
    random: random.Random
    events: Events
    services: Services
    schema: Mapping[str, int]
    """How far each schema of the database was migrated when it was opened."""
    inline: bool
    """Whether everything runs on the trio thread, for virtual time."""

    @property
    def db(self) -> Database[JobTransaction]:
        """The database, by its short name."""
        return self.database

    def service(self, kind: type[S]) -> S:
        """The application's service of that class.

        Raises:
            ConfigurationError: it opened none.
        """
        return find_service(self.services, kind)


OpenServices = Callable[[Deployment], AbstractAsyncContextManager[Sequence[object]]]


class App(Handlers):
    """Job types, their handlers and schedules, and the services that these need.

    Args:
        name: of the application.
        services: opens what handlers ask for with `ctx.service(Class)`; it is
            given the deployment without services and yields them.
        schemas: tables and queries of the application itself.
        invariants: what must be true of its tables; `creche doctor` asks.
    """

    def __init__(
        self,
        name: str,
        *,
        services: OpenServices | None = None,
        schemas: Sequence[Schema] = (),
        invariants: Sequence[Invariant] = (),
    ) -> None:
        super().__init__()
        self.name = name
        self._open_services = services
        self.invariants = tuple(invariants)
        self.schemas = (RUNTIME_SCHEMA, *schemas)

    @asynccontextmanager
    async def open(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        events: Events | None = None,
        inline: bool = False,
        adopt: bool = False,
        durable: bool = True,
    ) -> AsyncIterator[Deployment]:
        """Open the database, bring it up to date, open the services.

        Args:
            url: `sqlite:///shop.db`, or `postgresql://user@host/database`.
            clock: time, by default the machine's.
            chance: randomness, by default unpredictable.
            inline: no threads, for virtual time.
            adopt: put the tables into a file that holds an application's own.
            durable: False lets power loss undo what was acknowledged.

        Raises:
            UnsupportedDatabase, SchemaMismatch: the database is not for us.
            DatabaseError: it cannot be opened.
        """
        with plain_errors():
            location = parse_location(url)
            chance = chance or random.Random()  # noqa: S311 - jitter, not secrets
            database = open_database(
                location,
                self.schemas,
                JobTransaction,
                clock or SystemClock(),
                chance=chance,
                inline=inline,
                adopt=adopt,
                durable=durable,
            )
            async with database as db, open_background() as background:
                if not await db.read(is_declared, self.handlers):
                    await db.write(declare, self.handlers)
                bare = Deployment(
                    app=self,
                    location=location,
                    database=db,
                    queue=Queue(db, self.types, self.scheduled, self.keyed, db.clock),
                    background=background,
                    clock=db.clock,
                    random=chance,
                    events=events or Events(),
                    services=MappingProxyType({}),
                    schema=MappingProxyType(await db.read(schema_versions)),
                    inline=inline,
                )
                async with self._serviced(bare) as deployment:
                    yield deployment

    @asynccontextmanager
    async def _serviced(self, bare: Deployment) -> AsyncIterator[Deployment]:
        if self._open_services is None:
            yield bare
            return
        # Background work uses the services, so it must end before they close: a nursery inside theirs.
        async with self._open_services(bare) as services, open_background() as background:
            by_class = MappingProxyType({type(service): service for service in services})
            yield replace(bare, services=by_class, background=background)
