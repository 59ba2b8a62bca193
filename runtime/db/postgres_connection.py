"""PostgreSQL connections: opened and set up, psycopg's errors made ours.

A connection is used by one thread. Nothing here waits without an end: a server
that is silent is noticed by keepalives and `tcp_user_timeout`, a statement by
`statement_timeout`, a lock by `lock_timeout`.
"""

import random
import select
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import psycopg
from psycopg import pq
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runtime.db.base import CheckViolation, UniqueViolation
from runtime.db.location import PostgresLocation
from runtime.db.postgres_doubt import Backend, last_checkpoint, whose
from runtime.db.postgres_pipeline import Connection, check
from runtime.db.postgres_statements import PostgresStatements
from runtime.db.postgres_texts import Statement
from runtime.db.postgres_trips import Trips
from runtime.errors import DatabaseBusy, DatabaseError, DatabaseFull, UnsupportedDatabase

OLDEST_SERVER = 130_000
PATIENCE = 5.0
"""Seconds that a server that cannot be reached, or a locked row, is waited for."""

# What libpq does unless the URL says otherwise. A cut cable is noticed within about ten seconds.
_DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "application_name": "creche",
        "connect_timeout": "5",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
        "target_session_attrs": "read-write",  # a standby is no use to a queue
        "client_encoding": "UTF8",
    }
)
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "statement_timeout": "30s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "60s",
        "jit": "off",
    }
)
QUEUE_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        # Rows arrive by the thousand between two ANALYZE: what the planner believes of an empty table
        # must not make it read a full one from end to end.
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        # It takes a LIMIT that is a parameter for a tenth of the table, and would join a batch to all of it.
        "enable_mergejoin": "off",
        "enable_hashjoin": "off",
    }
)
"""For the connection that claims and finishes jobs."""
_REFUSALS = (
    "password",
    "does not exist",
    "pg_hba.conf",
    "SSL",
    "certificate",
    "invalid",
    "permission denied",
)
_CONFLICTS = frozenset({"40001", "40P01"})
_WAITED_TOO_LONG = frozenset({"55P03", "57014", "25P03"})
_FULL = frozenset({"53100", "53200"})


class NumberLoader(Loader):
    """Sums of bigint are numeric: a whole number is an int again, any other a float."""

    def load(self, data: pq.abc.Buffer) -> int | float:
        """Read it."""
        text = bytes(data)
        return float(text) if b"." in text or b"N" in text else int(text)


class Link:
    """A connection that is made when it is needed, and anew when it was lost.

    Args:
        settings: beside those that every connection gets.
    """

    def __init__(
        self,
        location: PostgresLocation,
        statements: Mapping[str, Statement],
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._location = location
        self._texts = statements
        self._settings = settings
        self.connection: Connection | None = None
        self._statements: PostgresStatements | None = None
        self.checkpoint = b""
        """The server's last one when the connection was made."""
        self.backend: Backend | None = None
        """The process that serves the connection; None behind a pooler, where nobody knows."""
        self.preamble: Sequence[bytes] = ()
        """What each transaction must begin with, behind a pooler."""

    @property
    def statements(self) -> PostgresStatements:
        """The named statements, on the connection there is."""
        assert self._statements is not None
        return self._statements

    @property
    def alive(self) -> bool:
        """Whether there is a connection, and the server has not ended it while nobody used it."""
        connection = self.connection
        if connection is None or connection.closed:
            return False
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN)
        try:
            while poller.poll(0):  # a farewell, or a notice
                connection.pgconn.consume_input()
        except psycopg.Error:
            return False
        return connection.pgconn.status == pq.ConnStatus.OK

    def ready(self) -> Connection:
        """The connection, made if there is none.

        Raises:
            psycopg.OperationalError: there is no server, or it wants no connection now.
        """
        if self.connection is not None and self.alive:
            return self.connection
        self.drop()
        connection = connect(self._location)
        settings = {**_SETTINGS, **self._settings, "search_path": self._location.schema}
        pooled = is_pooled(connection)
        self.checkpoint = last_checkpoint(connection)
        if pooled:
            self.backend = None
            self.preamble = [f"SET LOCAL {name} = '{value}'".encode() for name, value in settings.items()]
        else:
            script = "; ".join(f"SET {name} = '{value}'" for name, value in settings.items())
            check(connection.pgconn.exec_(script.encode()), connection)
            self.backend, self.preamble = whose(connection), ()
        self._statements = PostgresStatements(Trips(connection, self._texts, prepared=not pooled))
        self.connection = connection
        return connection

    def drop(self) -> None:
        """Close the connection; whatever it was doing is rolled back."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


def connect(location: PostgresLocation) -> Connection:
    """A new connection, in autocommit mode, without settings.

    Raises:
        psycopg.Error: it cannot be made.
    """
    given = conninfo_to_dict(location.conninfo)
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in given}
    connection = psycopg.connect(make_conninfo(location.conninfo, **defaults), autocommit=True)
    connection.adapters.register_loader("numeric", NumberLoader)
    return connection


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between: it invents the process id that it tells its clients."""
    result = check(connection.pgconn.exec_(b"SELECT pg_backend_pid()"), connection)
    return int(result.get_value(0, 0) or b"0") != connection.info.backend_pid


def check_server(connection: Connection, location: PostgresLocation) -> None:
    """Refuse a server that cannot be ours.

    Raises:
        UnsupportedDatabase: it is too old, or does not store UTF-8.
    """
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise UnsupportedDatabase(
            f"{location}: PostgreSQL {version // 10_000} is too old; "
            f"{OLDEST_SERVER // 10_000} or newer is needed"
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnsupportedDatabase(f"{location}: the database's encoding is {encoding}; it must be UTF8")


def is_lost(connection: Connection | None, error: BaseException) -> bool:
    """Whether the connection is of no more use, so that what it did is undone or unknown."""
    if not isinstance(error, psycopg.Error):
        return False
    if connection is None or connection.closed or connection.pgconn.status != pq.ConnStatus.OK:
        return True
    if type(error) in {psycopg.OperationalError, psycopg.DatabaseError} and not error.sqlstate:
        return True  # libpq says so and not the server, which always gives a code
    # A server that goes down needs a new connection, and so does a plan that the schema has outgrown.
    return (error.sqlstate or "").startswith("57P") or "cached plan" in str(error)


def is_conflict(error: BaseException) -> bool:
    """Whether the same transaction, run again, may go through."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _CONFLICTS


def is_violation(error: BaseException) -> bool:
    """Whether a constraint refused it: perhaps for a row that was not there when we looked."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("23")


def is_refusal(error: psycopg.Error) -> bool:
    """Whether trying to connect again would only be refused again."""
    return any(word in str(error) for word in _REFUSALS)


def translate(
    error: BaseException, location: PostgresLocation, message: str = "the database failed"
) -> BaseException:
    """The error of ours that says what `error` means, without the password; anything else unchanged."""
    if not isinstance(error, psycopg.Error):
        return error
    text = f"{message}: {one_line(str(error), location)}"
    ours = _kind(error)(text)
    ours.__cause__ = error
    return ours


def one_line(text: str, location: PostgresLocation) -> str:
    """A message of the server or of libpq as one line, without the password."""
    flat = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    return flat.replace(location.secret, "***") if location.secret else flat


def _kind(error: psycopg.Error) -> type[DatabaseError]:
    state = error.sqlstate or ""
    if state == "23505":
        return UniqueViolation
    if state.startswith(("23", "22")):
        return CheckViolation
    if state in _FULL:
        return DatabaseFull
    if state in _CONFLICTS | _WAITED_TOO_LONG or state.startswith(("53", "57P", "08")):
        return DatabaseBusy
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not state:
        return DatabaseBusy  # the connection is gone, or never was
    return DatabaseError


def pause(tries: int, chance: random.Random) -> float:
    """Seconds before trying to connect again: from a twentieth to two, never all clients at once."""
    return min(2.0, 0.05 * 2.0 ** min(tries, 10)) * (0.5 + chance.random())
