"""Numbered migrations on PostgreSQL: all pending ones in one transaction, one process at a time."""

from collections.abc import Sequence

import psycopg

from runtime.clock import Clock
from runtime.db.location import PostgresLocation
from runtime.db.migrations import pending_steps
from runtime.db.postgres_connection import translate
from runtime.db.postgres_pipeline import Connection, check
from runtime.db.queries import Schema
from runtime.errors import UnsupportedDatabase

_TABLE = """
CREATE TABLE IF NOT EXISTS creche_migrations (
    schema TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, applied_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (schema, number)
)
"""
_BEGIN = (
    "BEGIN; SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = 0; SET LOCAL search_path = {schema}"
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('creche migrations of {schema}', 0))"


def migrate_postgres(
    connection: Connection,
    schemas: Sequence[Schema],
    clock: Clock,
    location: PostgresLocation,
    *,
    adopt: bool,
) -> list[str]:
    """Bring the schema up to this code's; return the names of what was applied.

    A crash leaves the old schema or the new. Where nothing is pending, nothing is
    locked and no privilege beyond reading is needed.

    Args:
        adopt: put our tables into a PostgreSQL schema that holds others already.

    Raises:
        SchemaMismatch: the database is newer than this code.
        UnsupportedDatabase: the schema holds tables of another program.
        DatabaseBusy: another process has been migrating for too long.
    """
    try:
        applied = _applied(connection, location)
        if applied is not None and not pending_steps(applied, schemas, "postgres"):
            return []
        return _migrate(connection, schemas, clock, location, adopt=adopt)
    except psycopg.Error as error:
        raise translate(error, location, f"cannot migrate {location}") from error


def _migrate(
    connection: Connection,
    schemas: Sequence[Schema],
    clock: Clock,
    location: PostgresLocation,
    *,
    adopt: bool,
) -> list[str]:
    _run(connection, _BEGIN.format(schema=location.schema))
    try:
        _run(connection, _LOCK.format(schema=location.schema))
        applied = _applied(connection, location)
        if applied is None:
            _check_content(connection, location, adopt=adopt)
            if not schema_exists(connection, location):
                _run(connection, f"CREATE SCHEMA {location.schema}")
            _run(connection, _TABLE)
        pending = pending_steps(applied or {}, schemas, "postgres")
        for step in pending:
            _run(connection, step.sql)
            connection.execute(
                "INSERT INTO creche_migrations VALUES (%s, %s, %s, %s)",
                (step.schema, step.number, step.name, clock.now()),
            )
        _run(connection, "COMMIT")
    except BaseException:
        if not connection.closed:
            connection.pgconn.exec_(b"ROLLBACK")
        raise
    return [f"{step.schema} {step.number:04} {step.name}" for step in pending]


def _run(connection: Connection, script: str) -> None:
    check(connection.pgconn.exec_(script.encode()), connection)


def _applied(connection: Connection, location: PostgresLocation) -> dict[str, int] | None:
    """How far each schema is; None: nothing of ours is there."""
    # Not to_regclass: while we waited for the lock another process may have made the schema, and what this
    # session has looked up in vain it goes on believing.
    there = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'creche_migrations'"
    if connection.execute(there, (location.schema,)).fetchone() is None:
        return None
    table = f"{location.schema}.creche_migrations"
    found = connection.execute(f"SELECT schema, max(number) FROM {table} GROUP BY schema".encode())  # noqa: S608 - a checked name
    return {str(schema): int(str(number)) for schema, number in found}


def schema_exists(connection: Connection, location: PostgresLocation) -> bool:
    """Whether there is such a schema, with whatever in it."""
    found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (location.schema,))
    return found.fetchone() is not None


def _check_content(connection: Connection, location: PostgresLocation, *, adopt: bool) -> None:
    found = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = %s LIMIT 1", (location.schema,))
    if found.fetchone() is not None and not adopt:
        raise UnsupportedDatabase(
            f"{location}: the schema {location.schema} holds the tables of another program; "
            "give another name with ?schema=, or let `creche migrate --adopt` put Creche's beside them"
        )
