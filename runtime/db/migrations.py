"""Numbered migrations, each applied and recorded in one transaction under the write lock."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import apsw

from runtime.clock import Clock
from runtime.db.queries import Migration, Schema
from runtime.db.sqlite_connection import APPLICATION_ID, translated
from runtime.errors import DatabaseBusy, SchemaMismatch, UnsupportedDatabase

_TABLE = """
CREATE TABLE IF NOT EXISTS creche_migrations (
    schema TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, applied_at REAL NOT NULL,
    PRIMARY KEY (schema, number)
) STRICT
"""
_RECORD = "INSERT INTO creche_migrations VALUES (?, ?, ?, ?)"
PATIENCE = 30.0
"""Seconds that a start waits while another process migrates."""


def migrate(
    connection: apsw.Connection, schemas: Sequence[Schema], clock: Clock, *, path: Path, adopt: bool
) -> list[str]:
    """Bring the file up to this code's schema; return the names of what was applied.

    All pending migrations are one transaction: a crash leaves the old schema or the new.

    Args:
        adopt: put our tables into a file that already holds an application's own.

    Raises:
        SchemaMismatch: the file is newer than this code.
        UnsupportedDatabase: the file holds tables of another program.
        DatabaseBusy: another process held the file too long.
    """
    with translated(f"cannot migrate {path}"):
        _begin(connection, clock)
        try:
            _check_content(connection, path, adopt=adopt)
            connection.execute(_TABLE)
            pending = _pending(connection, schemas)
            for step in pending:
                connection.execute(step.sql).fetchall()
                connection.execute(_RECORD, (step.schema, step.number, step.name, clock.now()))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return [f"{step.schema} {step.number:04} {step.name}" for step in pending]


def _begin(connection: apsw.Connection, clock: Clock) -> None:
    deadline = clock.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except apsw.BusyError:
            if clock.monotonic() > deadline:
                raise DatabaseBusy("another process holds the database") from None


def _check_content(connection: apsw.Connection, path: Path, *, adopt: bool) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if "creche_migrations" in tables:
        return
    if not tables:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    elif not adopt:
        raise UnsupportedDatabase(
            f"{path} holds the tables of another program; `creche migrate --adopt` puts Creche's beside them"
        )


def _pending(connection: apsw.Connection, schemas: Sequence[Schema]) -> list[Migration]:
    applied: dict[str, int] = {
        str(schema): int(number)
        for schema, number in connection.execute(
            "SELECT schema, max(number) FROM creche_migrations GROUP BY schema"
        )
    }
    return pending_steps(applied, schemas, "sqlite")


def pending_steps(applied: Mapping[str, int], schemas: Sequence[Schema], dialect: str) -> list[Migration]:
    """The steps that a database still needs which has come so far with each schema.

    Raises:
        SchemaMismatch: it has come farther than this code.
    """
    pending: list[Migration] = []
    for schema in schemas:
        steps = schema.migrations(dialect)
        reached = applied.get(schema.name, 0)
        if reached > len(steps):
            raise SchemaMismatch(
                f"the database has version {reached} of schema {schema.name!r}, this code {len(steps)}: "
                "it was migrated by a newer version; upgrade this one"
            )
        pending += steps[reached:]
    return pending
