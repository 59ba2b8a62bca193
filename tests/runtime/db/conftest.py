"""A SQLite database of notes whose clock stands still; what tests of its parts begin with."""

import threading
from contextlib import asynccontextmanager

import apsw
import pytest
import trio

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


@pytest.fixture
def busy_writer(database):
    """A block in which the writer's thread works on something that is not brief."""

    @asynccontextmanager
    async def block():
        begun, gate = trio.Event(), threading.Event()
        token = trio.lowlevel.current_trio_token()

        def lengthy(_tx):
            trio.from_thread.run_sync(begun.set, trio_token=token)
            assert gate.wait(10)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.write, lengthy)
            await begun.wait()
            try:
                yield
            finally:
                gate.set()

    return block
