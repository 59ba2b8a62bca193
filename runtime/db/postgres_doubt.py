"""What became of a transaction whose COMMIT was not answered.

A crash of the server can take a transaction and the memory of its number: what it wrote had not
reached the disk, and after the recovery the same number is given to another. So a number that
the server has not reached yet was never committed; and «committed» is believed only if the server
has not begun to count anew, below our number, since we got it: no checkpoint is later than the one that
was the last when our connection was made, or it already knew our number.

A transaction that went to the server in one piece has no number that we know: the process that ran it is
ended, and then a row that it alone would have stored is there, or it is not. That would do for all, but most
have no such row.

Source: PostgreSQL, `pg_xact_status`, `pg_control_checkpoint`; a recovery ends with a checkpoint.
"""

from enum import Enum
from typing import NamedTuple

import psycopg

from runtime.db.postgres_pipeline import Connection, check


class Fate(Enum):
    """What the server says of a transaction."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    RUNNING = "in progress"
    UNKNOWN = "unknown"


class Begun(NamedTuple):
    """A transaction that has begun."""

    id: bytes
    """What `pg_current_xact_id()` said in it; empty where it does not write."""
    at: float
    """The server's time when it said so, Unix seconds."""
    checkpoint: bytes
    """The server's last one when the transaction's connection was made: see `last_checkpoint`."""


# A checkpoint's time is in whole seconds: one in the second in which we began makes «committed» unknown.
_QUESTION = """
SELECT pg_xact_status($1::xid8),
       checkpoint_lsn <> $3::pg_lsn
       AND checkpoint_time >= date_trunc('second', to_timestamp($2::float8))
       AND split_part(next_xid, ':', 1)::numeric * 4294967296 + split_part(next_xid, ':', 2)::numeric
           <= $1::text::numeric
  FROM pg_control_checkpoint()
"""
_NOT_REACHED = "22023"


def last_checkpoint(connection: Connection) -> bytes:
    """Where the server's log stood at its last checkpoint; a recovery ends with another one.

    Raises:
        psycopg.Error: the server does not answer.
    """
    result = check(connection.pgconn.exec_(b"SELECT checkpoint_lsn FROM pg_control_checkpoint()"), connection)
    return result.get_value(0, 0) or b"0/0"


def ask(connection: Connection, begun: Begun) -> Fate:
    """Ask about a transaction of another connection.

    Raises:
        psycopg.Error: the server does not answer.
    """
    try:
        parameters = [begun.id, str(begun.at).encode(), begun.checkpoint]
        result = check(connection.pgconn.exec_params(_QUESTION.encode(), parameters), connection)
    except psycopg.Error as error:
        if error.sqlstate == _NOT_REACHED:
            return Fate.ABORTED
        raise
    status, counted_anew = result.get_value(0, 0), result.get_value(0, 1)
    if status is None or (status == b"committed" and counted_anew == b"t"):
        return Fate.UNKNOWN
    return Fate(status.decode())


class Backend(NamedTuple):
    """A process of the server's: it serves one connection."""

    pid: bytes
    started: bytes
    """When; process numbers come again."""


def whose(connection: Connection) -> Backend:
    """The process that serves this connection.

    Raises:
        psycopg.Error: the server does not answer.
    """
    result = check(connection.pgconn.exec_(_WHOSE), connection)
    return Backend(result.get_value(0, 0) or b"", result.get_value(0, 1) or b"")


def end(connection: Connection, backend: Backend) -> bool:
    """Have a process of the server's end; whether it has, so that whatever it did is decided.

    Raises:
        psycopg.Error: the server does not answer.
    """
    result = check(connection.pgconn.exec_params(_END, list(backend)), connection)
    return result.ntuples == 0


_WHOSE = b"SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
# It leaves this view after its transaction has ended: what it has not committed by then, it never will.
_END = b"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND backend_start = $2::timestamptz
"""
