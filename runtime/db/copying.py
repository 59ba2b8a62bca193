"""Copying an application's tables from SQLite to PostgreSQL, counted and summed up on both sides.

The SQLite file is held by its write lock meanwhile, so nothing changes; the
PostgreSQL schema is made for the copy, and goes again if the copy fails.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import apsw
import psycopg
from psycopg import sql

from runtime.clock import Clock
from runtime.db.location import PostgresLocation, SqliteLocation
from runtime.db.migrations import migrate
from runtime.db.postgres_connection import Link, check_server, translate
from runtime.db.postgres_migrations import migrate_postgres, schema_exists
from runtime.db.postgres_pipeline import Connection
from runtime.db.queries import Schema
from runtime.db.sqlite_connection import open_writer, translated
from runtime.errors import DatabaseError, UnsupportedDatabase

_OWN = frozenset({"creche_migrations", "job_ids"})
"""Written by the migrations of each side, or what a sequence is on the other."""
_MODULUS = 2**128


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table that is the same on both sides."""

    name: str
    rows: int
    checksum: str
    """Of all its values, in whatever order the rows come."""


def copy_to_postgres(
    source: SqliteLocation,
    target: PostgresLocation,
    schemas: Sequence[Schema],
    clock: Clock,
    progress: Callable[[str], None],
) -> list[CopiedTable]:
    """Copy everything; return what was copied and found equal.

    Stop the workers and the web first: the file's writers wait, and in the end give up.

    Raises:
        UnsupportedDatabase: the target is there already.
        DatabaseError: a side failed, or the two differ; the target is gone again.
    """
    connection = open_writer(source.path, clock)
    link = Link(target, {})
    try:
        migrate(connection, schemas, clock, path=source.path, adopt=False)
        with translated(f"cannot copy {source}"):
            connection.execute("BEGIN IMMEDIATE")
            copied = _copy(connection, link, target, schemas, clock, progress)
            connection.execute("ROLLBACK")
            return copied
    except psycopg.Error as error:
        raise translate(error, target, f"cannot copy to {target}") from error
    finally:
        connection.close()
        link.drop()


def _copy(
    source: apsw.Connection,
    link: Link,
    target: PostgresLocation,
    schemas: Sequence[Schema],
    clock: Clock,
    progress: Callable[[str], None],
) -> list[CopiedTable]:
    into = link.ready()
    check_server(into, target)
    if schema_exists(into, target):
        raise UnsupportedDatabase(
            f"{target} is there already: a copy makes its own schema; give another name"
        )
    try:
        migrate_postgres(into, schemas, clock, target, adopt=False)
        into.execute("SET statement_timeout = 0")
        with into.transaction():
            return [*_copy_tables(source, into, progress)]
    except BaseException:
        link.drop()
        link.ready().execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(target.schema))
        )
        raise


def _copy_tables(
    source: apsw.Connection, into: Connection, progress: Callable[[str], None]
) -> Iterator[CopiedTable]:
    tables = _in_order(source)
    for table in reversed(tables):
        into.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))  # what the migrations put there
    for table in tables:
        progress(table)
        columns = [str(row[1]) for row in source.execute(f'PRAGMA table_info("{table}")')]
        read = f'SELECT {", ".join(f"{chr(34)}{name}{chr(34)}" for name in columns)} FROM "{table}"'  # noqa: S608
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        there = sql.Identifier(table)
        with into.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(there, names)) as copy:
            for row in source.execute(read):
                copy.write_row(row)
        ours = _sum_up(table, source.execute(read))
        found = into.cursor().stream(sql.SQL("SELECT {} FROM {}").format(names, there))
        theirs = _sum_up(table, found)
        if ours != theirs:
            raise DatabaseError(f"{table} differs after the copy: {ours} here, {theirs} there")
        yield ours
    _set_counters(source, into)


def _in_order(source: apsw.Connection) -> list[str]:
    """The tables, each after those that it refers to."""
    found = source.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    names = [str(name) for (name,) in found if name not in _OWN and not str(name).startswith("sqlite_")]
    needed = {
        name: {str(row[2]) for row in source.execute(f'PRAGMA foreign_key_list("{name}")')} - {name}
        for name in names
    }
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [name for name in names if name not in ordered and needed[name] <= set(ordered)]
        if not ready:
            raise DatabaseError("the tables refer to each other in a circle")
        ordered += ready
    return ordered


def _sum_up(table: str, rows: Iterable[Sequence[object]]) -> CopiedTable:
    count = total = 0
    for row in rows:
        count += 1
        digest = hashlib.blake2b(repr(tuple(row)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        total = (total + int.from_bytes(digest)) % _MODULUS
    return CopiedTable(name=table, rows=count, checksum=f"{total:032x}")


def _set_counters(source: apsw.Connection, into: Connection) -> None:
    """Let ids go on where they were."""
    upcoming = source.execute("SELECT next FROM job_ids").get
    into.execute("SELECT setval('job_ids', %s, false)", (upcoming,))
    identities = into.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND is_identity = 'YES'"
    ).fetchall()
    for table, column in identities:
        statement = (
            "SELECT setval(pg_get_serial_sequence({}, {}), MAX({})) FROM {} HAVING MAX({}) IS NOT NULL"
        )
        name, key = str(table), str(column)
        into.execute(
            sql.SQL(statement).format(
                sql.Literal(name),
                sql.Literal(key),
                sql.Identifier(key),
                sql.Identifier(name),
                sql.Identifier(key),
            )
        )
