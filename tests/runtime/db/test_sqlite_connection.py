"""Connections: a file is checked before it is used, and shared with others that begin at the same moment."""

import apsw
import pytest

from runtime.db.sqlite_connection import APPLICATION_ID, open_reader, open_writer
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
