"""What became of a transaction whose COMMIT was not answered.

A crash of the server can take a transaction and the memory of its number: what it wrote had not
reached the disk, and after the recovery the same number is given to another. So a number that
the server has not reached yet was never committed; and «committed» is believed only if the server
has not begun to count anew, below our number, since we got it.

Source: PostgreSQL, `pg_xact_status`, `pg_control_checkpoint`; a recovery ends with a checkpoint.
"""

from enum import Enum

import psycopg

from runtime.db.postgres_statements import Connection, check


class Fate(Enum):
    """What the server says of a transaction."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    RUNNING = "in progress"
    UNKNOWN = "unknown"


# A checkpoint's time is in whole seconds: one in the second in which we began makes «committed» unknown.
_QUESTION = """
SELECT pg_xact_status($1::xid8),
       checkpoint_time >= date_trunc('second', to_timestamp($2::float8))
       AND split_part(next_xid, ':', 1)::numeric * 4294967296 + split_part(next_xid, ':', 2)::numeric
           <= $1::text::numeric
  FROM pg_control_checkpoint()
"""
_NOT_REACHED = "22023"


def ask(connection: Connection, transaction_id: bytes, begun_at: float) -> Fate:
    """Ask about a transaction of another connection.

    Args:
        transaction_id: what `pg_current_xact_id()` said in it.
        begun_at: the server's time when it said so, Unix seconds.

    Raises:
        psycopg.Error: the server does not answer.
    """
    try:
        parameters = [transaction_id, str(begun_at).encode()]
        result = check(connection.pgconn.exec_params(_QUESTION.encode(), parameters), connection)
    except psycopg.Error as error:
        if error.sqlstate == _NOT_REACHED:
            return Fate.ABORTED
        raise
    status, counted_anew = result.get_value(0, 0), result.get_value(0, 1)
    if status is None or (status == b"committed" and counted_anew == b"t"):
        return Fate.UNKNOWN
    return Fate(status.decode())
