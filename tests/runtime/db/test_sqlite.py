"""Transactions as functions: group commit, failure alone, a busy database, cancellation; on real files."""

import subprocess
import sys

import pytest
import trio

from runtime.clock import SystemClock
from runtime.db.base import CheckViolation, Transaction, UniqueViolation
from runtime.db.location import parse_location
from runtime.db.sqlite import open_sqlite
from runtime.errors import DatabaseBusy
from tests.runtime.db.notes import Notes, add, notes, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "notes.db"


@pytest.mark.parametrize("inline", [False, True])
async def test_what_a_function_wrote_is_there_when_write_returns(path, inline):
    async with opened(path, inline=inline) as database:
        assert await database.write(add, "a") == "a"
        assert await database.read(notes) == ["a"]
    async with opened(path, inline=inline) as database:
        assert await database.read(notes) == ["a"]


@pytest.mark.parametrize("inline", [False, True])
async def test_a_function_that_raises_has_written_nothing_and_its_error_comes_through(path, inline):
    def add_and_fail(tx):
        add(tx, "gone")
        raise LookupError("mine")

    async with opened(path, inline=inline) as database:
        with pytest.raises(LookupError, match="mine"):
            await database.write(add_and_fail)
        assert await database.read(notes) == []


async def test_in_a_group_each_function_fails_alone(path):
    failed = []

    async def one(database, number):
        def fn(tx):
            add(tx, str(number))
            if number % 3 == 0:
                raise LookupError

        try:
            await database.write(fn)
        except LookupError:
            failed.append(number)

    async with opened(path) as database:
        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(one, database, number)
        stored = await database.read(notes)

    assert sorted(failed) == [n for n in range(100) if n % 3 == 0]
    assert sorted(map(int, stored)) == [n for n in range(100) if n % 3]


async def test_many_functions_share_a_commit(path):
    commits = 0

    def count(subjects):
        nonlocal commits
        commits += 1

    def announce(tx):
        tx.announce("written")

    async with opened(path) as database:
        database.listen(count)
        async with trio.open_nursery() as nursery:
            for _ in range(200):
                nursery.start_soon(database.write, announce)
        await trio.testing.wait_all_tasks_blocked()

    assert 1 <= commits < 100


async def test_constraint_violations_have_names_of_their_own(path):
    async with opened(path) as database:
        await database.write(add, "a")
        with pytest.raises(UniqueViolation):
            await database.write(add, "a")
        with pytest.raises(CheckViolation):
            await database.write(lambda tx: tx.run("break_rule"))


async def test_a_reader_cannot_write(path):
    async with opened(path) as database:
        with pytest.raises(Exception, match="readonly"):
            await database.read(add, "a")
        assert await database.read(notes) == []


async def test_a_database_held_by_another_is_busy_within_the_callers_deadline_and_then_works_again(path):
    async with opened(path) as database:
        holder = hold_lock(path)
        began = trio.current_time()
        with pytest.raises(DatabaseBusy), trio.fail_after(0.5):
            await patient_write(database)
        assert trio.current_time() - began < 2
        holder.stdin.close()
        await trio.to_thread.run_sync(holder.wait)

        await database.write(add, "after")
        assert await database.read(notes) == ["after"]


async def patient_write(database):
    """Write under a deadline; the answer is 'busy' or the caller's own cancellation, whichever is first."""
    try:
        await database.write(add, "never")
    except trio.Cancelled as error:
        raise DatabaseBusy from error


async def test_a_write_cancelled_while_it_waits_its_turn_never_happens(path):
    async with opened(path) as database:
        holder = hold_lock(path)
        with trio.move_on_after(0.3) as scope:
            await database.write(add, "never")
        holder.stdin.close()
        await trio.to_thread.run_sync(holder.wait)
        await database.write(add, "later")

        assert scope.cancel_called
        assert await database.read(notes) == ["later"]


def hold_lock(path):
    """Another process that holds the write lock until its standard input closes."""
    code = (
        "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.execute('BEGIN IMMEDIATE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    holder.stdout.close()
    return holder


async def test_announcements_reach_the_listeners_of_another_process(path):
    code = """
import sys, trio
from runtime.clock import SystemClock
from runtime.db.base import Transaction
from runtime.db.location import parse_location
from runtime.db.sqlite import open_sqlite
async def main():
    location = parse_location("sqlite:///" + sys.argv[1])
    async with open_sqlite(location, [], Transaction, SystemClock()) as database:
        await database.write(lambda tx: tx.announce("due"))
trio.run(main)
"""
    heard = trio.Event()
    async with opened(path) as database:
        database.listen(lambda subjects: heard.set() if "due" in subjects else None)
        await trio.run_process([sys.executable, "-c", code, str(path)])
        with trio.fail_after(5):
            await heard.wait()


async def test_a_failing_commit_is_acknowledged_to_nobody(path):
    """COMMIT is refused by a deferred constraint: every function of the group hears of it."""

    class Doomed(Notes):
        def migrations(self, dialect):
            from runtime.db.queries import Migration

            sql = (
                "CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT;"
                "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;"
                "CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents "
                "DEFERRABLE INITIALLY DEFERRED) STRICT"
            )
            return [Migration("notes", 1, "notes", sql)]

        def queries(self, dialect):
            return {**super().queries(dialect), "orphan": "INSERT INTO children VALUES (7)"}

    answers = []

    async def write(database, fn, *args):
        try:
            answers.append(await database.write(fn, *args))
        except CheckViolation as error:
            answers.append(type(error).__name__)

    location = parse_location(f"sqlite:///{path}")
    async with open_sqlite(location, [Doomed("notes", "")], Transaction, SystemClock()) as database:
        holder = hold_lock(path)  # so that the writes gather in one group
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(write, database, add, str(number))
            nursery.start_soon(write, database, lambda tx: tx.run("orphan"))
            await trio.testing.wait_all_tasks_blocked()
            holder.stdin.close()
        await trio.to_thread.run_sync(holder.wait)
        stored = await database.read(notes)

    acknowledged = [answer for answer in answers if answer != "CheckViolation"]
    assert sorted(acknowledged) == sorted(stored)
    assert "CheckViolation" in answers
