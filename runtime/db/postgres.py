"""PostgreSQL: threads with a connection each, the server's clock, notifications; or all inline.

    postgres-worker   claims, endings, heartbeats: what the runtime writes; READ COMMITTED, with SQL for it
    postgres-writer   what the application writes: REPEATABLE READ, run again where another was first
    postgres-second   the same: see `Pair`
    postgres-reader   snapshots
    postgres-bell     LISTEN and NOTIFY
    (the trio thread) what only stores jobs: see `Courier`

A function written for SQLite, where writers take turns, finds the same here: nothing
that it read changes before it commits, or it runs again. The connections are made when
they are first needed.
"""

import random
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

import psycopg
import trio

from runtime.clock import Clock
from runtime.db.announcer import Announcer
from runtime.db.base import Database, Listener, Statements, Transaction, is_blind
from runtime.db.doorbell import silent
from runtime.db.lane import Lane, Request
from runtime.db.location import PostgresLocation
from runtime.db.pair import Pair
from runtime.db.postgres_bell import Bell
from runtime.db.postgres_commit import PostgresGroup
from runtime.db.postgres_connection import (
    PATIENCE,
    QUEUE_SETTINGS,
    Link,
    check_server,
    is_refusal,
    one_line,
    pause,
    translate,
)
from runtime.db.postgres_courier import Courier
from runtime.db.postgres_herald import WideHerald
from runtime.db.postgres_inline import InlinePostgres
from runtime.db.postgres_manners import APPLICATION, MOMENTS, QUEUE, SNAPSHOT, Manner
from runtime.db.postgres_migrations import migrate_postgres
from runtime.db.postgres_texts import translate_all
from runtime.db.queries import Schema, merge_queries
from runtime.db.server_clock import ServerClock
from runtime.errors import UnsupportedDatabase

R = TypeVar("R")
P = ParamSpec("P")
TransactionT = TypeVar("TransactionT", bound=Transaction)
Make = Callable[[Statements, float], TransactionT]

MOST_IN_A_GROUP = 1000
MOST_OF_THE_APPLICATION = 64
"""Its functions ask one question after another, 2 to 3 ms each: more in a group would pass for a hold-up."""
READERS = 2
_NORMAL: Mapping[str, str] = MappingProxyType({"synchronous_commit": "off"})


@asynccontextmanager
async def open_postgres(
    location: PostgresLocation,
    schemas: Sequence[Schema],
    make: Make[TransactionT],
    clock: Clock,
    *,
    chance: random.Random,
    inline: bool = False,
    adopt: bool = False,
    durable: bool = True,
) -> AsyncIterator[Database[TransactionT]]:
    """Connect, check and migrate; let go of all connections when the block ends.

    Args:
        make: the transaction object for (statements, now).
        chance: of the pauses between attempts to connect.
        inline: run everything on the trio thread, by the injected clock, for virtual time.
        durable: False lets a crash of the server undo acknowledged writes (`--durability normal`).

    Raises:
        UnsupportedDatabase, SchemaMismatch: the database is not for us.
        DatabaseError: it cannot be reached.
    """
    texts = translate_all({**MOMENTS, **merge_queries(schemas, "postgres")})
    settings = {} if durable else _NORMAL
    link = Link(location, texts, {**QUEUE_SETTINGS, **settings})
    prepare = partial(_prepare, link, location, schemas, clock, chance, adopt=adopt)
    _ = prepare() if inline else await trio.to_thread.run_sync(prepare)
    if inline:
        try:
            yield InlinePostgres(link, location, make, clock, chance)
        finally:
            link.drop()
        return
    database = ThreadedPostgres(link, partial(Link, location, texts, settings), location, make, clock, chance)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.courier.run)
        nursery.start_soon(database.writers.run)
        try:
            yield database
        finally:
            await database.close()  # noqa: ASYNC102 - shielded, with a deadline, inside
            nursery.cancel_scope.cancel()


class ThreadedPostgres(Database[TransactionT], Generic[TransactionT]):
    """The database of a running application."""

    def __init__(
        self,
        link: Link,
        another: Callable[[], Link],
        location: PostgresLocation,
        make: Make[TransactionT],
        own: Clock,
        chance: random.Random,
    ) -> None:
        self._own = own
        self._location = location
        self._make = make
        self._chance = chance
        self._clock = ServerClock(own, "postgresql")
        self._announcer = Announcer(silent)
        channel = f"creche:{location.schema}"
        self._bell = Bell(Link(location, {}, _NORMAL), channel, self._announcer.heard_elsewhere, own, chance)
        self._herald = WideHerald(self._announcer, self._bell)
        self._groups: list[PostgresGroup[TransactionT]] = []
        self._links: list[Link] = []
        self._lanes: dict[str, Lane[TransactionT]] = {}
        self._start("worker", QUEUE, lambda: link)
        self._start("writer", APPLICATION, another, most=MOST_OF_THE_APPLICATION)
        self._start("second", APPLICATION, another, most=MOST_OF_THE_APPLICATION)
        self.writers = Pair(self._lanes["writer"], self._lanes["second"], self._refusals)
        """What must run so that a locked row keeps only those waiting who want it."""
        # One at a time, so that a slow report holds up one reader and not what waits behind it.
        self._start("reader", SNAPSHOT, another, most=1, threads=READERS)
        self._links.append(another())
        self.courier = Courier(
            self._links[-1],
            make,
            self.writers,
            self._herald,
            own,
            self._clock,
            chance,
            afterwards=self._announcer.tell,
        )
        """What must run for brief functions to need no thread."""

    @property
    def clock(self) -> Clock:
        """The server's."""
        return self._clock

    async def read(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.read`."""
        return cast("R", await self._lanes["reader"].submit(self._request(fn, args, kwargs)))

    async def write(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write`; `fn` may run several times, the last of them counts."""
        way = self.courier if is_blind(fn) else self.writers
        return cast("R", await way.submit(self._request(fn, args, kwargs)))

    async def write_relaxed(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write_relaxed`: as durable as `write` here, but READ COMMITTED.

        Its functions are the runtime's own, whose SQL locks what it must.
        """
        return cast("R", await self._lanes["worker"].submit(self._request(fn, args, kwargs)))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """See `Database.listen`."""
        self._bell.listen()
        return self._announcer.listen(listener)

    async def close(self) -> None:
        """Finish what waits, then end the threads and let go of the connections."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._hurry)
                await self.courier.close()
                for lane in self._lanes.values():
                    await lane.close()
                nursery.cancel_scope.cancel()
            await trio.to_thread.run_sync(self._bell.close)
        for link in self._links:
            link.drop()

    def _refusals(self) -> int:
        return sum(group.refusals for group in self._groups if group.manner is APPLICATION)

    async def _hurry(self) -> None:
        """Whoever still waits for a server after that hears that there is none."""
        await trio.sleep(PATIENCE)
        self.courier.closing.set()
        for group in self._groups:
            group.closing.set()

    def _start(
        self,
        name: str,
        manner: Manner,
        make_link: Callable[[], Link],
        *,
        most: int = MOST_IN_A_GROUP,
        threads: int = 1,
    ) -> None:
        def reply(late: Sequence[Request[TransactionT]]) -> None:
            self._lanes[name].reply(late)

        def group() -> PostgresGroup[TransactionT]:
            link = make_link()
            made = PostgresGroup(
                link,
                self._location,
                manner,
                self._make,
                self._herald,
                self._own,
                self._clock,
                self._chance,
            )
            made.on_late = reply
            self._links.append(link)
            self._groups.append(made)
            return made

        self._lanes[name] = Lane(
            f"postgres-{name}", group, most=most, threads=threads, afterwards=self._announcer.tell
        )

    def _request(
        self, fn: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Request[TransactionT]:
        # Whoever has a deadline is to hear that there is no server, and not only that time is up.
        left = max(0.0, trio.current_effective_deadline() - trio.current_time())
        patience = min(PATIENCE, 0.9 * left)
        call = (lambda tx: fn(tx, *args, **kwargs)) if args or kwargs else fn
        deadline = self._own.monotonic() + patience
        return Request(call, durable=True, deadline=deadline)


def _prepare(
    link: Link,
    location: PostgresLocation,
    schemas: Sequence[Schema],
    clock: Clock,
    chance: random.Random,
    *,
    adopt: bool,
) -> None:
    """Connect, waiting a little for a server that is just starting; check and migrate."""
    deadline, tries = clock.monotonic() + PATIENCE, 0
    while True:
        try:
            connection = link.ready()
            check_server(connection, location)
            migrate_postgres(connection, schemas, clock, location, adopt=adopt)
            return
        except psycopg.Error as error:
            link.drop()
            if is_refusal(error):
                raise UnsupportedDatabase(f"{location}: {one_line(str(error), location)}") from error
            if clock.monotonic() > deadline:
                raise translate(error, location, f"cannot reach {location}") from error
            threading.Event().wait(pause(tries, chance))
            tries += 1
        except BaseException:
            link.drop()
            raise
