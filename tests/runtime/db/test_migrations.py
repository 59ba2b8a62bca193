"""Migrations: each once, in order, all of them or none."""

import apsw
import pytest

from runtime.db.migrations import migrate
from runtime.db.queries import Migration, Schema
from runtime.db.sqlite_connection import APPLICATION_ID, open_writer
from runtime.errors import DatabaseBusy, DatabaseError, SchemaMismatch, UnsupportedDatabase
from tests.runtime.store.synchronous import START, StillClock


class Steps(Schema):
    """A schema whose migrations are given here, in the package's place."""

    def migrations(self, dialect):
        return [
            Migration(self.name, number, f"step{number}", sql)
            for number, sql in enumerate(self.package.split("|"), start=1)
        ]


FIRST = "CREATE TABLE a (x INTEGER) STRICT"
SECOND = "ALTER TABLE a ADD COLUMN y INTEGER; INSERT INTO a VALUES (1, 2)"
BROKEN = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1)"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.db"


@pytest.fixture
def connection(path):
    opened = open_writer(path, StillClock())
    yield opened
    opened.close()


@pytest.fixture
def apply(connection, path):
    def run(*schemas, adopt=False, clock=None):
        return migrate(connection, schemas, clock or StillClock(), path=path, adopt=adopt)

    return run


def tables(connection):
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_what_is_new_is_applied_in_order_recorded_and_named(apply, connection):
    assert apply(Steps("s", f"{FIRST}|{SECOND}")) == ["s 0001 step1", "s 0002 step2"]

    assert list(connection.execute("SELECT * FROM a")) == [(1, 2)]
    assert list(connection.execute("SELECT * FROM creche_migrations")) == [
        ("s", 1, "step1", START),
        ("s", 2, "step2", START),
    ]


def test_what_was_applied_is_not_applied_again(apply, connection):
    apply(Steps("s", FIRST))

    assert apply(Steps("s", f"{FIRST}|{SECOND}")) == ["s 0002 step2"]
    assert apply(Steps("s", f"{FIRST}|{SECOND}")) == []
    assert list(connection.execute("SELECT * FROM a")) == [(1, 2)]


def test_schemas_are_numbered_apart(apply):
    assert apply(Steps("s", FIRST), Steps("t", "CREATE TABLE t (x)")) == ["s 0001 step1", "t 0001 step1"]
    assert apply(Steps("s", FIRST), Steps("u", "CREATE TABLE u (x)")) == ["u 0001 step1"]


def test_one_that_fails_leaves_the_old_schema_untouched(apply, connection):
    apply(Steps("s", FIRST))

    with pytest.raises(DatabaseError, match=r"cannot migrate .*nowhere"):
        apply(Steps("s", f"{FIRST}|{SECOND}|{BROKEN}"))

    assert tables(connection) == {"a", "creche_migrations"}
    assert list(connection.execute("SELECT * FROM a")) == []
    assert apply(Steps("s", f"{FIRST}|{SECOND}")) == ["s 0002 step2"]


def test_a_new_file_that_fails_its_first_migration_is_as_new_as_before(apply, connection):
    with pytest.raises(DatabaseError):
        apply(Steps("s", BROKEN))

    assert tables(connection) == set()
    assert connection.execute("PRAGMA application_id").get == 0


def test_a_disk_without_room_leaves_the_old_schema(apply, connection):
    apply(Steps("s", FIRST))
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').get}").fetchall()

    with pytest.raises(DatabaseError):
        apply(Steps("s", f"{FIRST}|CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(100000))"))

    assert tables(connection) == {"a", "creche_migrations"}


def test_a_file_migrated_by_a_newer_version_is_refused_and_both_versions_named(apply):
    apply(Steps("s", f"{FIRST}|{SECOND}"))

    with pytest.raises(SchemaMismatch, match=r"version 2 of schema 's', this code 1"):
        apply(Steps("s", FIRST))


def test_tables_of_another_program_are_joined_on_request_only(apply, connection):
    connection.execute("CREATE TABLE theirs (x)")

    with pytest.raises(UnsupportedDatabase, match="--adopt"):
        apply(Steps("s", FIRST))
    assert tables(connection) == {"theirs"}

    assert apply(Steps("s", FIRST), adopt=True)
    assert tables(connection) == {"theirs", "a", "creche_migrations"}
    assert connection.execute("PRAGMA application_id").get == 0, "the file is theirs"


def test_a_new_file_says_whose_it_is(apply, connection):
    apply(Steps("s", FIRST))

    assert connection.execute("PRAGMA application_id").get == APPLICATION_ID


def test_a_start_waits_for_another_that_migrates_but_not_for_ever(apply, connection, path):
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    clock = StillClock(step=20)

    with pytest.raises(DatabaseBusy):
        apply(Steps("s", FIRST), clock=clock)

    assert clock.time - START >= 30
    other.execute("ROLLBACK")
    other.close()
    assert apply(Steps("s", FIRST)) == ["s 0001 step1"]
