"""Enqueue from another program, on its own connection and in its own transaction. Neither trio nor threads.

    with psycopg.connect("postgresql://…") as connection:      # or sqlite3.connect("shop.db")
        connection.execute("INSERT INTO invoices …")
        enqueue(connection, SendInvoice(invoice_id=7))

The job exists exactly if that transaction commits. Programs in other languages call
`SELECT creche.enqueue(type => 'send_invoice', payload => '{"invoice_id": 7}')` on PostgreSQL.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, Unpack, runtime_checkable

from runtime.clock import Clock, SystemClock
from runtime.db.base import Statements, Value
from runtime.db.location import DEFAULT_SCHEMA, is_schema_name
from runtime.db.queries import Schema, merge_queries
from runtime.errors import ConfigurationError
from runtime.job import Job
from runtime.transaction import EnqueueOptions, JobTransaction, new_job

_NAMED = re.compile(r":([a-z_]+)")


class Cursor(Protocol):
    """Of a PostgreSQL driver with `%s` parameters: psycopg's, psycopg2's, SQLAlchemy's raw one."""

    def execute(self, query: str, parameters: Sequence[object], /) -> object:
        """Run a statement."""
        ...

    def fetchone(self) -> Sequence[object] | None:
        """The next row."""
        ...


class PostgresConnection(Protocol):
    """A connection with cursors."""

    def cursor(self) -> Cursor:
        """A new one."""
        ...


@runtime_checkable
class SqliteConnection(Protocol):
    """Of the standard library's sqlite3, or of apsw."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def execute(self, query: str, parameters: Mapping[str, Value], /) -> Iterable[tuple[Value, ...]]:
        """Run a statement."""
        ...


def enqueue(
    connection: PostgresConnection | SqliteConnection,
    job: Job,
    /,
    *,
    schema: str = DEFAULT_SCHEMA,
    clock: Clock | None = None,
    **options: Unpack[EnqueueOptions],
) -> int:
    """Store a job in the transaction that is open on `connection`; return its id.

    Where the key is taken, nothing is stored, and the id is that of the job that holds it.
    Workers start it when you have committed: on PostgreSQL at once, on SQLite at their next poll.

    Args:
        schema: on PostgreSQL, where Creche's tables are.
        clock: on SQLite, the time; by default this machine's.
        options: as of `JobTransaction.enqueue`.

    Raises:
        InvalidInput: an option out of range.
        ConfigurationError: SQLite: no transaction is open. PostgreSQL: the schema is no name, or
            an option is one that the SQL function does not know: `on_conflict`, `expires`, a deadline.
        Exception: what the connection raises.
    """
    if isinstance(connection, SqliteConnection):
        return _on_sqlite(connection, job, clock or SystemClock(), options)
    query, parameters = statement(job, schema=schema, **options)
    cursor = connection.cursor()
    cursor.execute(query, parameters)
    row = cursor.fetchone()
    assert row is not None
    return int(str(row[0]))


def statement(
    job: Job, /, *, schema: str = DEFAULT_SCHEMA, **options: Unpack[EnqueueOptions]
) -> tuple[str, tuple[object, ...]]:
    """The statement that enqueues on PostgreSQL, with `%s` for its parameters: for asynchronous drivers.

    Raises:
        InvalidInput: an option out of range.
        ConfigurationError: the schema is no name.
    """
    if not is_schema_name(schema):
        raise ConfigurationError(f"{schema!r} is no name of a schema")
    for name in ("on_conflict", "expires", "deadline", "done_within"):
        if name in options:
            raise ConfigurationError(f"the SQL function `enqueue` does not know {name}: use a Queue")
    new = new_job(job, 0.0, **options)
    query = (
        f"SELECT {schema}.enqueue(type => %s, payload => %s, priority => %s, max_attempts => %s, "
        "delay => %s, at => %s, key => %s, unique_for => %s)"
    )
    moments = (options.get("delay", 0.0), options.get("at"))
    return query, (new.type, new.payload, new.priority, new.max_attempts, *moments, new.key, new.unique_for)


def _on_sqlite(connection: SqliteConnection, job: Job, clock: Clock, options: EnqueueOptions) -> int:
    statements = _Borrowed(connection)
    statements.run("lock_job_ids", {})
    if not connection.in_transaction:
        raise ConfigurationError("begin a transaction first: enqueue must read and write in one")
    tx = JobTransaction(statements, clock.now())
    record = tx.enqueue(job, **options)
    tx.flush()
    return record.id


class _Borrowed(Statements):
    """The runtime's statements on a connection that belongs to somebody else."""

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._texts = merge_queries([Schema("runtime", "runtime.store")], "sqlite")

    def rows(self, name: str, parameters: Mapping[str, Value]) -> Iterable[tuple[Value, ...]]:
        """The rows of a query."""
        return list(self._connection.execute(self._texts[name], parameters))

    def run(self, name: str, parameters: Mapping[str, Value]) -> int:
        """Run a statement; how many rows it changed is not asked for here."""
        self.rows(name, parameters)
        return 0

    def change(self, name: str, parameters: Mapping[str, Value]) -> None:
        """Run a statement."""
        self.rows(name, parameters)

    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement once a row."""
        names = list(dict.fromkeys(_NAMED.findall(self._texts[name])))
        for row in rows:
            self.rows(name, dict(zip(names, row, strict=True)))
