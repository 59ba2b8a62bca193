"""Backups: one moment of a database in use, checked, never over another file, nothing left behind."""

import stat

import apsw
import pytest

from runtime.db.backup import back_up
from runtime.errors import ConfigurationError, UnsupportedDatabase
from tests.runtime.obedient import Obey, make_app

ROWS = 3000


def quietly(done, pages):
    pass


@pytest.fixture
async def source(tmp_path):
    path = tmp_path / "source.db"
    async with make_app().open(f"sqlite:///{path}") as deployment:
        await deployment.queue.enqueue_many([Obey(name="x" * 1000)] * ROWS)
    return path


def count(path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("SELECT count(*) FROM jobs").get
    finally:
        connection.close()


async def test_the_copy_is_of_one_moment_although_others_write_between_its_steps(source, tmp_path):
    target = tmp_path / "copy.db"
    writer = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
    steps = []

    def write_meanwhile(done, pages):
        writer.execute("UPDATE jobs SET priority = priority + 1")
        writer.execute("DELETE FROM jobs WHERE id = (SELECT max(id) FROM jobs)")
        steps.append(done)

    size = back_up(source, target, write_meanwhile)
    writer.close()

    assert size == target.stat().st_size
    assert len(steps) > 1  # it went in steps, and none of the writes began it anew
    assert steps == sorted(steps)
    assert count(target) == ROWS
    assert count(source) == ROWS - len(steps)


async def test_the_copy_is_one_file_for_its_owner_alone(source, tmp_path):
    target = tmp_path / "copies" / "copy.db"
    target.parent.mkdir()

    back_up(source, target, quietly)

    assert list(target.parent.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_a_file_that_is_there_is_never_overwritten(source, tmp_path):
    target = tmp_path / "copy.db"
    target.write_text("precious")

    with pytest.raises(ConfigurationError, match="never overwrites"):
        back_up(source, target, quietly)

    assert target.read_text() == "precious"


async def test_not_even_one_that_appears_meanwhile(source, tmp_path):
    target = tmp_path / "copy.db"

    with pytest.raises(ConfigurationError, match="never overwrites"):
        back_up(source, target, lambda done, pages: target.write_text("quicker"))

    assert target.read_text() == "quicker"
    assert list(tmp_path.glob(".copy*")) == []


async def test_what_stops_it_leaves_nothing_behind(source, tmp_path):
    def stop(done, pages):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(source, tmp_path / "copy.db", stop)

    assert list(tmp_path.glob("*copy*")) == []


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot write"):
        back_up(tmp_path / "any.db", tmp_path / "nowhere" / "copy.db", quietly)


def test_what_is_not_ours_is_not_taken_for_a_backup(tmp_path):
    source = tmp_path / "other.db"
    connection = apsw.Connection(str(source))
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("CREATE TABLE t (x)")
    connection.close()

    with pytest.raises(ConfigurationError, match="not Creche's"):
        back_up(source, tmp_path / "copy.db", quietly)
    source.write_bytes(b"no database at all" * 100)
    with pytest.raises(UnsupportedDatabase, match="not an intact"):
        back_up(source, tmp_path / "copy.db", quietly)
