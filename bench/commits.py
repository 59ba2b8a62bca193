"""Bare commits: what the disk allows where each row must be on it before the next.

One connection, one thread, one row of the size of a job, one transaction each; WAL, synchronous FULL,
as the engine writes what it acknowledges. No other feature, no hop to a thread.
"""

import time
from pathlib import Path

import apsw

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 2000;
CREATE TABLE jobs (id INTEGER PRIMARY KEY, type TEXT, payload TEXT, due REAL) STRICT;
CREATE INDEX ready ON jobs (type, due);
"""


def commits(folder: Path, number: int) -> float:
    """Rows a second, each committed durably before the next."""
    connection = apsw.Connection(str(folder / "commits.db"))
    try:
        connection.execute(_SCHEMA).fetchall()
        began = time.perf_counter()
        for _ in range(number):
            with connection:
                connection.execute("INSERT INTO jobs (type, payload, due) VALUES ('noop', '{}', 1.5)")
        return number / (time.perf_counter() - began)
    finally:
        connection.close()
