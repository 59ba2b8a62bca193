"""Bare commits: what the disk allows where each row must be on it before the next.

One connection, one row of the size of a job, one transaction each; WAL, synchronous FULL, as the engine
writes what it acknowledges. No other feature. In one thread: the disk's own limit. Handed to a thread from
trio: what is left of it to a program whose event loop must not wait for a disk.
"""

import time
from collections.abc import Callable
from pathlib import Path

import apsw
import trio

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 2000;
CREATE TABLE jobs (id INTEGER PRIMARY KEY, type TEXT, payload TEXT, due REAL) STRICT;
CREATE INDEX ready ON jobs (type, due);
"""


def commits(folder: Path, number: int) -> float:
    """Rows a second, each committed durably before the next."""
    commit = _opened(folder)
    began = time.perf_counter()
    for _ in range(number):
        commit()
    return number / (time.perf_counter() - began)


async def commits_by_thread(folder: Path, number: int) -> float:
    """The same, asked for by a task that waits for each of them."""
    commit = _opened(folder)
    began = time.perf_counter()
    for _ in range(number):
        await trio.to_thread.run_sync(commit)
    return number / (time.perf_counter() - began)


def _opened(folder: Path) -> Callable[[], None]:
    """What commits a row; its connection is closed when nobody has that any more."""
    connection = apsw.Connection(str(folder / "commits.db"))
    connection.execute(_SCHEMA).fetchall()

    def commit() -> None:
        with connection:
            connection.execute("INSERT INTO jobs (type, payload, due) VALUES ('noop', '{}', 1.5)")

    return commit
