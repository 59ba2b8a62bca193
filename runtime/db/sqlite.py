"""SQLite: a writer thread with group commit and a way round it, two readers, a doorbell; or all inline."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

import apsw
import outcome
import trio

from runtime.clock import Clock
from runtime.db.announcer import Announcer
from runtime.db.base import Database, Listener, Statements, Transaction, is_brief
from runtime.db.commit import GroupCommit
from runtime.db.doorbell import Doorbell, silent
from runtime.db.lane import Lane, Request
from runtime.db.location import SqliteLocation
from runtime.db.migrations import migrate
from runtime.db.queries import Schema, merge_queries
from runtime.db.shortcut import Shortcut
from runtime.db.sqlite_connection import PATIENCE, SqliteStatements, open_reader, open_writer, translate

R = TypeVar("R")
P = ParamSpec("P")
TransactionT = TypeVar("TransactionT", bound=Transaction)

MOST_IN_A_GROUP = 1000
MOST_ON_THE_LOOP = 64
"""Requests of one commit: so long may the loop be busy with it, some milliseconds."""


@asynccontextmanager
async def open_sqlite(
    location: SqliteLocation,
    schemas: Sequence[Schema],
    make: Callable[[Statements, float], TransactionT],
    clock: Clock,
    *,
    inline: bool = False,
    adopt: bool = False,
    durable: bool = True,
) -> AsyncIterator["SqliteDatabase[TransactionT]"]:
    """Open, check and migrate the file; close it when the block ends.

    Args:
        make: the transaction object for (statements, now).
        inline: run everything on the trio thread, for virtual time: no threads, no other processes.
        durable: False lets power loss undo acknowledged writes (`--durability normal`).

    Raises:
        UnsupportedDatabase, SchemaMismatch, DatabaseError: as its parts say.
    """
    texts = merge_queries(schemas, "sqlite")
    if inline:
        connection = open_writer(location.path, clock, patience=0)
    else:
        connection = await trio.to_thread.run_sync(open_writer, location.path, clock)
    doorbell = None
    try:
        apply = partial(migrate, connection, schemas, clock, path=location.path, adopt=adopt)
        _ = apply() if inline else await trio.to_thread.run_sync(apply)
        doorbell = None if inline else Doorbell(location.companions, f"db-{secrets.token_hex(6)}", clock)
        announcer = Announcer(doorbell.ring if doorbell else silent)
        statements = SqliteStatements(connection, texts)
        announce = announcer.heard if inline else announcer.committed
        commit = GroupCommit(connection, clock, lambda: make(statements, clock.now()), announce)
        if inline:
            yield InlineSqlite(announcer, commit, clock, statements, make)
            return
        readers = partial(_reader, location, texts, make, clock)
        database = ThreadedSqlite(announcer, commit, clock, readers, durable=durable)
        async with trio.open_nursery() as nursery:
            assert doorbell is not None
            nursery.start_soon(doorbell.run, announcer.heard)
            try:
                yield database
            finally:
                await database.close()  # noqa: ASYNC102 - shielded, with a deadline, inside
                nursery.cancel_scope.cancel()
    finally:
        if doorbell is not None:
            doorbell.close()
        connection.close()


class SqliteDatabase(Database[TransactionT]):
    """What the threaded and the inline database share."""

    def __init__(self, announcer: Announcer, commit: GroupCommit[TransactionT], clock: Clock) -> None:
        self._announcer = announcer
        self._commit = commit
        self._clock = clock

    @property
    def clock(self) -> Clock:
        """The machine's: all processes of the file are on it."""
        return self._clock

    def listen(self, listener: Listener) -> Callable[[], None]:
        """See `Database.listen`."""
        return self._announcer.listen(listener)


class ThreadedSqlite(SqliteDatabase[TransactionT], Generic[TransactionT]):
    """The database of a running application."""

    def __init__(
        self,
        announcer: Announcer,
        commit: GroupCommit[TransactionT],
        clock: Clock,
        make_reader: Callable[[], Callable[[list[Request[TransactionT]]], Sequence[Request[TransactionT]]]],
        *,
        durable: bool,
    ) -> None:
        super().__init__(announcer, commit, clock)
        self._durable = durable
        self._writer = Lane(
            "sqlite-writer", lambda: commit, most=MOST_IN_A_GROUP, afterwards=self._lane_answered
        )
        commit.on_early = self._writer.reply
        self._shortcut = Shortcut(
            self._writer, commit, clock, most=MOST_ON_THE_LOOP, afterwards=announcer.tell
        )
        # One at a time, so that a slow report holds up one reader and not what waits behind it.
        self._readers = Lane("sqlite-reader", make_reader, most=1, threads=2)

    async def read(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.read`."""
        return cast("R", await self._readers.submit(self._request(fn, args, kwargs, durable=False)))

    async def write(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write`."""
        submit = self._shortcut.submit if is_brief(fn) else self._shortcut.pass_by
        return cast("R", await submit(self._request(fn, args, kwargs, durable=self._durable)))

    async def write_relaxed(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write_relaxed`."""
        submit = self._shortcut.submit if is_brief(fn) else self._shortcut.pass_by
        return cast("R", await submit(self._request(fn, args, kwargs, durable=False)))

    def _lane_answered(self) -> None:
        self._announcer.tell()
        self._shortcut.end_turn()

    async def close(self) -> None:
        """Finish what waits, then end the threads; from now on the shortcut is closed, too."""
        await self._writer.close()
        await self._readers.close()

    def _request(
        self, fn: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object], *, durable: bool
    ) -> Request[TransactionT]:
        # A caller with less patience than this withdraws its request by being cancelled.
        call = (lambda tx: fn(tx, *args, **kwargs)) if args or kwargs else fn
        return Request(call, durable=durable, deadline=self._clock.monotonic() + PATIENCE)


class InlineSqlite(SqliteDatabase[TransactionT], Generic[TransactionT]):
    """Everything on the trio thread: exact under a virtual clock, which jumps while a thread works."""

    def __init__(
        self,
        announcer: Announcer,
        commit: GroupCommit[TransactionT],
        clock: Clock,
        statements: Statements,
        make: Callable[[Statements, float], TransactionT],
    ) -> None:
        super().__init__(announcer, commit, clock)
        self._statements = statements
        self._make = make

    async def read(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.read`."""
        await trio.lowlevel.checkpoint()
        try:
            return fn(self._make(self._statements, self._clock.now()), *args, **kwargs)
        except apsw.Error as error:
            raise translate(error) from error

    async def write(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write`."""
        await trio.lowlevel.checkpoint()
        request: Request[TransactionT] = Request(
            lambda tx: fn(tx, *args, **kwargs), durable=False, deadline=self._clock.monotonic()
        )
        self._commit([request])
        return cast("R", request.result())

    async def write_relaxed(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write_relaxed`: the same, here."""
        return await self.write(fn, *args, **kwargs)


def _reader(
    location: SqliteLocation,
    texts: dict[str, str],
    make: Callable[[Statements, float], TransactionT],
    clock: Clock,
) -> Callable[[list[Request[TransactionT]]], Sequence[Request[TransactionT]]]:
    """A reading connection and the work that a reader thread does on it."""
    connection = open_reader(location.path)
    statements = SqliteStatements(connection, texts)

    def snapshot(request: Request[TransactionT]) -> outcome.Outcome[object]:
        connection.execute("BEGIN")  # one snapshot for all that the function reads
        try:
            return outcome.Value(request.fn(make(statements, clock.now())))
        except BaseException as error:  # noqa: ASYNC103, BLE001 - on a thread: it is the waiter's to hear
            return outcome.Error(translate(error))  # noqa: ASYNC104
        finally:
            connection.execute("ROLLBACK")

    def work(batch: list[Request[TransactionT]]) -> Sequence[Request[TransactionT]]:
        taken = [request for request in batch if request.take()]
        for request in taken:
            request.answer(snapshot(request))
        return taken

    return work
