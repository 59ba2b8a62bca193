"""Connections: a file is checked before it is used, and shared with others that begin at the same moment."""

import time

import apsw
import pytest

from runtime.db.sqlite_connection import (
    APPLICATION_ID,
    ROWS_AT_ONCE,
    SqliteStatements,
    begin_at_once,
    open_reader,
    open_writer,
)
from runtime.errors import DatabaseBusy, UnsupportedDatabase
from tests.runtime.store.synchronous import StillClock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.db"


class Neighbour(StillClock):
    """Holds the file until it has been looked at so many times."""

    def __init__(self, path, looks):
        super().__init__(step=0.1)
        self.looks = looks
        self.connection = apsw.Connection(str(path))
        self.connection.execute("CREATE TABLE theirs (x); BEGIN EXCLUSIVE")

    def monotonic(self):
        self.looks -= 1
        if self.looks == 0:
            self.connection.close()
        return super().monotonic()


def test_a_new_file_is_its_owners_alone_and_in_wal_mode(path):
    connection = open_writer(path, StillClock())

    assert path.stat().st_mode & 0o777 == 0o600
    assert connection.execute("PRAGMA journal_mode").get == "wal"
    connection.close()


def test_a_file_that_another_process_is_just_making_is_waited_for(path):
    connection = open_writer(path, Neighbour(path, looks=3))

    assert connection.execute("PRAGMA journal_mode").get == "wal"
    connection.close()


def test_but_not_for_ever(path):
    neighbour = Neighbour(path, looks=1000)

    with pytest.raises(DatabaseBusy, match="another process holds"):
        open_writer(path, neighbour, patience=1.0)
    assert neighbour.looks > 980
    neighbour.connection.close()


def test_a_file_of_another_program_is_refused(path):
    other = apsw.Connection(str(path))
    other.execute(f"PRAGMA application_id = {APPLICATION_ID + 1}; CREATE TABLE theirs (x)")
    other.close()

    with pytest.raises(UnsupportedDatabase, match="another program"):
        open_writer(path, StillClock())


def test_a_reader_cannot_write(path):
    open_writer(path, StillClock()).close()
    reader = open_reader(path)

    with pytest.raises(apsw.Error):
        reader.execute("CREATE TABLE notes (x)")
    reader.close()


def test_a_transaction_begun_at_once_waits_for_nobody_and_the_next_waits_as_ever(path):
    connection, neighbour = open_writer(path, StillClock()), apsw.Connection(str(path))
    neighbour.execute("BEGIN IMMEDIATE")

    with pytest.raises(apsw.BusyError):
        begin_at_once(connection)
    assert not connection.in_transaction
    began = time.monotonic()
    with pytest.raises(apsw.BusyError):
        connection.execute("BEGIN IMMEDIATE")
    assert time.monotonic() - began > 0.1

    neighbour.execute("ROLLBACK")
    begin_at_once(connection)
    assert connection.in_transaction
    connection.close()


TEXTS = {
    "add": "INSERT INTO sums (name, sum, again) VALUES (:name, :sum, :name)\n"
    "ON CONFLICT (name) DO UPDATE SET sum = sum + excluded.sum",
    "change": "UPDATE sums SET sum = :sum WHERE name = :name",
}


@pytest.mark.parametrize("number", [1, 2, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 3 * ROWS_AT_ONCE - 1])
def test_rows_of_any_number_are_inserted_by_few_statements_with_the_effect_of_one_each(number):
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE sums (name PRIMARY KEY, sum, again)")
    statements, steps = SqliteStatements(connection, TEXTS), []
    rows = [(f"row {place % 10}", place) for place in range(number)]
    connection.exec_trace = lambda _cursor, text, _values: steps.append(text) or True

    statements.many("add", rows)
    assert len(steps) == -(-number // ROWS_AT_ONCE)
    stored = dict(connection.execute("SELECT name, sum FROM sums WHERE name = again"))
    assert stored == {name: sum(n for other, n in rows if other == name) for name, _ in rows}
    statements.many("change", [(7, name) for name in stored])
    assert {row[0] for row in connection.execute("SELECT sum FROM sums")} == {7}
