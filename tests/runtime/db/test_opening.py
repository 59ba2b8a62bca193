"""Opening a file: what is not ours, not intact, not of this version, or not there is refused."""

import apsw
import pytest

from runtime.errors import SchemaMismatch, UnsupportedDatabase
from tests.runtime.db.notes import add, notes, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "notes.db"


async def test_the_file_is_readable_by_its_owner_alone(path):
    async with opened(path):
        assert path.stat().st_mode & 0o777 == 0o600


async def test_another_programs_file_is_refused_untouched(path):
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA application_id = 42; CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(UnsupportedDatabase, match="another program"):
        async with opened(path):
            pass

    assert path.read_bytes() == before


async def test_an_applications_own_file_is_adopted_only_on_request(path):
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(UnsupportedDatabase, match="--adopt"):
        async with opened(path):
            pass
    async with opened(path, adopt=True) as database:
        await database.write(add, "ours")
    async with opened(path) as database:
        assert await database.read(notes) == ["ours"]


async def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(UnsupportedDatabase, match="intact"):
        async with opened(path):
            pass


async def test_a_newer_schema_is_refused(path):
    async with opened(path):
        pass
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO creche_migrations VALUES ('notes', 2, 'future', 0)")
    connection.close()

    with pytest.raises(SchemaMismatch, match="newer version"):
        async with opened(path):
            pass


async def test_an_old_sqlite_is_refused(path, monkeypatch):
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")

    with pytest.raises(UnsupportedDatabase, match=r"3\.51\.3"):
        async with opened(path):
            pass


async def test_a_directory_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(UnsupportedDatabase, match="cannot create"):
        async with opened(tmp_path / "no" / "such.db"):
            pass
