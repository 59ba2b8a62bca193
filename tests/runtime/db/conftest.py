"""A SQLite database of notes whose clock stands still; what tests of its parts begin with."""

import apsw
import pytest

from tests.runtime.db.notes import add, opened
from tests.runtime.store.synchronous import StillClock


@pytest.fixture
def clock():
    """Stands still: no commit takes any time, until a test says so."""
    return StillClock()


@pytest.fixture
async def database(path, clock):
    async with opened(path, clock) as database:
        await database.write(add, "first")  # so that journal and disk are known
        yield database


@pytest.fixture
def holder(path, database):
    """Another connection, which can hold the database."""
    other = apsw.Connection(str(path))
    yield other
    other.close()
