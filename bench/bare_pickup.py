"""Bare pick-up: how soon this machine and database pass a job from process to process, without an engine.

One process commits a row and says so; the other, which waits for that, takes the row in a transaction
of its own and notes the moment. As durable as the engine, but each has one connection and one thread,
which blocks: no event loop, no hand-over to a database thread, no validation, limits or counters.

The taker is a process of its own: `python -m bench.bare_pickup URL`.
"""

import os
import random
import select
import socket
import sys
import tempfile
import time
import zlib
from abc import ABC, abstractmethod
from pathlib import Path

import apsw
import trio

from bench.app import START_PIPE
from bench.processes import READY, command, running
from bench.setting import Setting
from runtime.db.location import SqliteLocation, parse_location

WARM_UP = 20
SHORTEST_PAUSE, LONGEST_PAUSE = 0.002, 0.02
"""Seconds between two rows; at random, as between the jobs that this is compared with."""

_SQLITE_TABLE = """
PRAGMA journal_mode = WAL;
CREATE TABLE bare_pickup (id INTEGER PRIMARY KEY, status TEXT NOT NULL, payload TEXT NOT NULL) STRICT;
CREATE INDEX bare_pickup_pending ON bare_pickup (id) WHERE status = 'pending';
"""
_POSTGRES_TABLE = """
CREATE TABLE bare_pickup (id bigserial PRIMARY KEY, status text NOT NULL, payload text NOT NULL);
CREATE INDEX bare_pickup_pending ON bare_pickup (id) WHERE status = 'pending';
"""


async def bare_pickups(setting: Setting, number: int) -> list[float]:
    """Milliseconds from the begin of one process's commit until the other's, by which it took the row."""
    url = setting.place()
    pair = _pair(url)
    pair.make_table(durable=setting.durable)
    reading, writing = os.pipe()
    try:
        taker = running(
            command("bare_pickup", url), environment={START_PIPE: str(writing)}, pass_fds=[writing]
        )
        async with taker:
            give = trio.to_thread.run_sync(_give_all, pair, number, reading, abandon_on_cancel=True)
            return await give
    finally:
        os.close(reading)
        os.close(writing)
        pair.remove()


class Pair(ABC):
    """Giver and taker of a dialect; an object is one of them."""

    @abstractmethod
    def make_table(self, *, durable: bool) -> None:
        """Be the giver."""

    @abstractmethod
    def give(self) -> None:
        """Commit a row and say so."""

    @abstractmethod
    def listen(self) -> None:
        """Be the taker."""

    @abstractmethod
    def take(self) -> bool:
        """Wait until something is said; take what is there and commit. False: nothing was."""

    @abstractmethod
    def remove(self) -> None:
        """Leave nothing behind; the giver does."""


class SqlitePair(Pair):
    """A file, and a datagram socket beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._connection = apsw.Connection(str(path))
        self._connection.set_busy_timeout(5000)

    def make_table(self, *, durable: bool) -> None:
        self._connection.execute(_SQLITE_TABLE).fetchall()
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    def give(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO bare_pickup (status, payload) VALUES ('pending', '{}')")
        self._connection.execute("COMMIT")
        self._bell.sendto(b".", self._address)

    def listen(self) -> None:
        # As the engine's claims: synced with the next write that somebody waits for.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._bell.bind(self._address)

    def take(self) -> bool:
        self._bell.recv(1)
        self._connection.execute("BEGIN IMMEDIATE")
        found = self._connection.execute(
            "UPDATE bare_pickup SET status = 'processing' WHERE id ="
            " (SELECT id FROM bare_pickup WHERE status = 'pending' ORDER BY id LIMIT 1) RETURNING id, payload"
        ).fetchall()
        self._connection.execute("COMMIT")
        return bool(found)

    def remove(self) -> None:
        self._connection.close()
        self._bell.close()
        Path(self._address).unlink(missing_ok=True)

    @property
    def _address(self) -> str:
        # Short, for a socket's name has 108 bytes; the file's folder may be deep.
        return f"{tempfile.gettempdir()}/bare-{zlib.crc32(bytes(self._path)):08x}.bell"


class PostgresPair(Pair):
    """A table on the server, and its notifications."""

    def __init__(self, conninfo: str) -> None:
        import psycopg  # only who measures PostgreSQL needs it

        self._connection = psycopg.connect(conninfo, autocommit=True)

    def make_table(self, *, durable: bool) -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS bare_pickup; {_POSTGRES_TABLE}")
        self._connection.execute(f"SET synchronous_commit = {'on' if durable else 'off'}")

    def give(self) -> None:
        self._connection.execute(
            "WITH given AS (INSERT INTO bare_pickup (status, payload) VALUES ('pending', '{}') RETURNING id)"
            " SELECT pg_notify('bare_pickup', '') FROM given",
            prepare=True,
        )

    def listen(self) -> None:
        self._connection.execute("LISTEN bare_pickup")

    def take(self) -> bool:
        server = self._connection.pgconn
        select.select([server.socket], [], [])
        server.consume_input()
        while server.notifies():
            pass
        found = self._connection.execute(
            "UPDATE bare_pickup SET status = 'processing' WHERE id = (SELECT id FROM bare_pickup"
            " WHERE status = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, payload",
            prepare=True,
        ).fetchall()
        return bool(found)

    def remove(self) -> None:
        self._connection.execute("DROP TABLE bare_pickup")
        self._connection.close()


def _pair(url: str) -> Pair:
    location = parse_location(url)
    if isinstance(location, SqliteLocation):
        return SqlitePair(location.path)
    return PostgresPair(location.conninfo)


def _give_all(pair: Pair, number: int, taken: int) -> list[float]:
    chance = random.Random(1)
    milliseconds = []
    for count in range(-min(WARM_UP, number), number):
        time.sleep(chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        pair.give()
        moment = int(os.read(taken, 100))
        if count >= 0:
            milliseconds.append((moment - began) / 1e6)
    return milliseconds


def _take_all(url: str, say: int) -> None:
    pair = _pair(url)
    pair.listen()
    sys.stderr.write(READY.decode() + "\n")
    sys.stderr.flush()
    while True:
        if pair.take():
            os.write(say, b"%d\n" % time.clock_gettime_ns(time.CLOCK_MONOTONIC))


if __name__ == "__main__":
    _take_all(sys.argv[1], int(os.environ[START_PIPE]))
