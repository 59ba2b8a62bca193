"""SQLite connections: opened, checked, their errors made ours. All of apsw is here.

apsw brings a current SQLite. Nothing else in the process may open the file: a
second SQLite library, or a plain open and close of it, silently drops the locks.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import cast

import apsw

from runtime.clock import Clock
from runtime.db.base import CheckViolation, Statements, UniqueViolation, Value
from runtime.errors import DatabaseBusy, DatabaseError, DatabaseFull, UnsupportedDatabase

APPLICATION_ID = 0x43524348  # "CRCH", in the file's header
SAFE_VERSION = (3, 51, 3)
"""Older ones can lose committed pages when two connections reset the WAL (sqlite.org/wal.html)."""

PATIENCE = 5.0
"""Seconds that a database held by another process is waited for."""

BUSY_MILLISECONDS = 100
"""Short, since this wait cannot be cancelled; the retry around it can."""
_EAGER_TRIES, _EAGER_WAIT, _PATIENT_WAIT = 100, 0.0001, 0.001

PAGES_OF_A_JOURNAL = 2000
"""8 MiB: a checkpoint costs an fsync of the database, so not too often;
readers search the WAL, so not too rarely."""

ROWS_AT_ONCE = 16
_VALUES = re.compile(r"\bVALUES (\([^()]*\))(\s+ON CONFLICT[^:]*)?$")
_NAME = re.compile(r":(\w+)")

_SETTINGS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    # 16 MiB a connection: the operating system keeps the rest of the file, once for all of them.
    "PRAGMA cache_size = -16384",
)
_WRITER_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 67108864",
    # For who commits by hand (migrations, a copy); a `Journal` makes its checkpoints itself.
    f"PRAGMA wal_autocheckpoint = {PAGES_OF_A_JOURNAL}",
)


def open_writer(path: Path, clock: Clock, patience: float = PATIENCE) -> apsw.Connection:
    """The connection that writes; makes the file if there is none, readable by its owner alone.

    Raises:
        UnsupportedDatabase: the library is too old, or the file cannot be ours.
        DatabaseBusy: others kept the file locked for `patience` seconds.
        DatabaseError: the file cannot be opened.
    """
    check_version()
    if not path.exists():
        _create(path)
    with translated(f"cannot open {path}"):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=500)
    try:
        with translated(f"cannot open {path}"):
            _prepare(connection, path, clock, patience)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that cannot write."""
    with translated(f"cannot open {path}"):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=300)
        _apply(connection, (*_SETTINGS, "PRAGMA query_only = ON"))
        connection.set_busy_timeout(BUSY_MILLISECONDS)
    return connection


def begin_at_once(connection: apsw.Connection) -> None:
    """BEGIN IMMEDIATE, without waiting for another connection that holds the lock.

    Raises:
        apsw.BusyError: another holds it; nothing was begun.
        apsw.Error: it cannot be had for another reason; nothing was begun.
    """
    connection.set_busy_handler(None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.set_busy_handler(_wait_a_moment)


def check_version() -> None:
    """Refuse an SQLite that can lose what it committed.

    Raises:
        UnsupportedDatabase: naming both versions.
    """
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < SAFE_VERSION:
        raise UnsupportedDatabase(
            f"SQLite {'.'.join(map(str, found))} can lose committed data (the WAL-reset bug); "
            f"{'.'.join(map(str, SAFE_VERSION))} or newer is needed: upgrade apsw"
        )


class SqliteStatements(Statements):
    """Named statements on one connection, which prepares each of them once."""

    __slots__ = ("_connection", "_inserts", "_texts")

    def __init__(self, connection: apsw.Connection, texts: Mapping[str, str]) -> None:
        self._connection = connection
        self._texts = texts
        self._inserts: dict[tuple[str, int], str | None] = {}

    def rows(self, name: str, parameters: Mapping[str, Value]) -> Iterable[tuple[Value, ...]]:
        """The rows of a query, stepped as they are asked for."""
        return cast(
            "Iterable[tuple[Value, ...]]", self._connection.execute(self._texts[name], parameters or None)
        )

    def run(self, name: str, parameters: Mapping[str, Value]) -> int:
        """Run a statement to its end; return how many rows it changed."""
        connection = self._connection
        before = connection.total_changes()
        for _ in connection.execute(self._texts[name], parameters or None):
            pass
        return connection.changes() if connection.total_changes() != before else 0

    def change(self, name: str, parameters: Mapping[str, Value]) -> None:
        """Run a statement to its end, at once."""
        for _ in self._connection.execute(self._texts[name], parameters or None):
            pass

    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement once a row, prepared once."""
        if len(rows) > 1 and self._insert(name, 1) is not None:
            # Each step gives up Python's lock and waits to get it back: one for many rows, not for each.
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                insert = cast("str", self._insert(name, len(some)))
                self._connection.execute(insert, tuple(chain.from_iterable(some)))
        else:
            self._connection.executemany(self._texts[name], rows)

    def _insert(self, name: str, number: int) -> str | None:
        """An INSERT of one row as one of so many; None where it is not one of VALUES."""
        try:
            return self._inserts[name, number]
        except KeyError:
            text = self._texts[name]
            insert = self._inserts[name, number] = _of_rows(text, number) if _VALUES.search(text) else None
            return insert


def _of_rows(insert: str, number: int) -> str:
    """An INSERT of one row as one of so many, its parameters numbered."""
    row = _VALUES.search(insert)
    assert row is not None
    head, conflict = insert[: row.start()], row[2] or ""
    names = list(dict.fromkeys(_NAME.findall(row[1])))

    def numbered(first: int) -> str:
        return _NAME.sub(lambda name: f"?{first + names.index(name[1])}", row[1])

    rows = (numbered(1 + place * len(names)) for place in range(number))
    return f"{head}VALUES {', '.join(rows)}{conflict}"


@contextmanager
def translated(message: str) -> Iterator[None]:
    """Turn apsw's errors into ours, with `message` in front."""
    try:
        yield
    except apsw.Error as error:
        raise translate(error, message) from error


def translate(error: BaseException, message: str = "the database failed") -> BaseException:
    """The error of ours that says what `error` means; anything else unchanged."""
    if not isinstance(error, apsw.Error):
        return error
    text = f"{message}: {error}"
    if isinstance(error, apsw.BusyError | apsw.LockedError | apsw.ProtocolError):
        return _caused(DatabaseBusy(f"{message}: another process holds the database"), error)
    if isinstance(error, apsw.FullError):
        return _caused(DatabaseFull(f"{message}: no space is left"), error)
    if isinstance(error, apsw.ConstraintError):
        unique = getattr(error, "extendedresult", 0) in {
            apsw.SQLITE_CONSTRAINT_UNIQUE,
            apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
        }
        return _caused(UniqueViolation(text) if unique else CheckViolation(text), error)
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return _caused(UnsupportedDatabase(f"{message}: it is not an intact SQLite database"), error)
    return _caused(DatabaseError(text), error)


def _caused(ours: BaseException, cause: BaseException) -> BaseException:
    ours.__cause__ = cause
    return ours


def _create(path: Path) -> None:
    try:
        # Made by hand so that it is never readable by others, not even for a moment;
        # nothing of this process has it open yet, so closing it drops no lock.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise UnsupportedDatabase(f"cannot create {path}: {error.strerror}") from error


def _apply(connection: apsw.Connection, settings: Iterable[str]) -> None:
    for setting in settings:
        connection.execute(setting).fetchall()


def _prepare(connection: apsw.Connection, path: Path, clock: Clock, patience: float) -> None:
    """Check the file and set the connection up, trying again while others begin with the same file.

    Of several that open a new file at once, all but one are told at once that it is
    locked: turning to WAL, SQLite does not wait for its busy timeout.
    """
    deadline = clock.monotonic() + patience
    while True:
        try:
            connection.set_busy_handler(_wait_a_moment)
            _check_owner(connection, path)
            _apply(connection, _SETTINGS)
            _use_wal(connection, path)
            _apply(connection, _WRITER_SETTINGS)
            return
        except apsw.BusyError:
            if clock.monotonic() >= deadline:
                raise


def _wait_a_moment(tries: int) -> bool:
    """Wait for another process's commit; False after `BUSY_MILLISECONDS`.

    SQLite's own waits grow to 25 ms and more, while a commit takes a tenth of one: of two
    busy processes, each would sleep most of the time that the other leaves it.
    """
    if tries < _EAGER_TRIES:
        time.sleep(_EAGER_WAIT)
        return True
    time.sleep(_PATIENT_WAIT)
    return tries < _EAGER_TRIES + BUSY_MILLISECONDS


def _use_wal(connection: apsw.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").get
    if mode != "wal":
        raise UnsupportedDatabase(f"{path}: this file system does not allow SQLite's WAL (got {mode!r})")


def _check_owner(connection: apsw.Connection, path: Path) -> None:
    owner = connection.execute("PRAGMA application_id").get
    if owner not in {0, APPLICATION_ID}:
        raise UnsupportedDatabase(f"{path} belongs to another program (application_id {owner:#x})")
