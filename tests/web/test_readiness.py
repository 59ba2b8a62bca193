import pytest
import trio

from runtime.clock import TrioClock
from runtime.errors import DatabaseBusy, DatabaseFull
from web.readiness import KEPT, PATIENCE, Readiness


class Moody:
    """A database that takes writes, or does not."""

    def __init__(self):
        self.mood = None
        self.asked = 0
        self.schema = {"runtime": 1}

    async def write(self, fn):
        self.asked += 1
        if self.mood == "silent":
            await trio.sleep_forever()
        if self.mood is not None:
            raise self.mood
        return fn(self)

    def all(self, _name, make):
        return [make(*version) for version in self.schema.items()]


@pytest.fixture
def database():
    return Moody()


@pytest.fixture
def readiness(database):
    return Readiness(database, TrioClock(), {"runtime": 1})


async def test_a_database_that_takes_writes_is_no_trouble(readiness, autojump_clock):
    assert await readiness.trouble() is None


@pytest.mark.parametrize("error", [DatabaseBusy("secret path"), DatabaseFull("secret path")])
async def test_one_that_does_not_is_and_only_the_kind_is_told(readiness, database, error, autojump_clock):
    database.mood = error
    trouble = await readiness.trouble()
    assert type(error).__name__ in trouble
    assert "secret" not in trouble


async def test_one_that_does_not_answer_is_given_up_on(readiness, database, autojump_clock):
    database.mood = "silent"
    assert f"{PATIENCE:g} s" in await readiness.trouble()


async def test_the_answer_is_kept_for_a_second_however_many_ask(readiness, database, autojump_clock):
    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(readiness.trouble)
    assert database.asked == 1

    database.mood = DatabaseFull("")
    assert await readiness.trouble() is None
    await trio.sleep(KEPT)
    assert await readiness.trouble() is not None
    assert database.asked == 2


async def test_a_schema_that_another_version_has_changed_is_trouble(readiness, database, autojump_clock):
    database.schema = {"runtime": 2}
    assert "schema" in await readiness.trouble()
