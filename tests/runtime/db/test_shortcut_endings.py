"""Brief requests that are cancelled, closed upon, interrupted or broken: their callers know of it."""

import signal
import threading

import outcome
import pytest
import trio

from runtime.db.base import brief
from runtime.db.lane import Request
from runtime.db.shortcut import Shortcut
from runtime.errors import DatabaseError
from tests.runtime.db.brief_notes import Notes, note
from tests.runtime.db.notes import add, notes, opened


@pytest.mark.parametrize("way", ["write", "write_relaxed"])
async def test_already_cancelled_it_never_runs(database, way):
    with trio.CancelScope() as scope:
        scope.cancel()
        await getattr(database, way)(note, "never")

    assert scope.cancelled_caught
    assert await database.read(notes) == ["first"]


async def test_cancelled_while_a_turn_gathers_it_is_withdrawn_or_its_answer_comes(database):
    """Tasks of a turn run in any order: it commits for all, or waits for who does, or has yet to come."""
    answered = []

    async def cancelled(scope, text):
        with scope:
            await database.write_relaxed(note, text)
            answered.append(text)

    async def cancel(scope):
        scope.cancel()

    for number in range(40):
        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.write_relaxed, note, f"neighbour {number}")
            nursery.start_soon(cancelled, scope, str(number))
            nursery.start_soon(cancel, scope)

    stored = await database.read(notes)
    assert sum(text.startswith("neighbour") for text in stored) == 40
    assert [text for text in stored if text.isdecimal()] == answered
    assert len(answered) < 40


async def test_handed_over_it_is_withdrawn_by_a_cancellation(database, holder):
    holder.execute("BEGIN IMMEDIATE")
    with trio.move_on_after(0.01) as scope:
        await database.write_relaxed(note, "never")
    holder.execute("ROLLBACK")

    assert scope.cancelled_caught
    await database.write(add, "later")
    assert await database.read(notes) == ["first", "later"]


async def test_gathered_behind_the_writer_it_is_withdrawn_by_a_cancellation(database, busy_writer):
    async with busy_writer():
        with trio.move_on_after(0.01) as scope:
            await database.write_relaxed(note, "never")

    assert scope.cancelled_caught
    assert await database.write_relaxed(note, "later")
    assert await database.read(notes) == ["first", "later"]


async def test_who_has_gathered_behind_the_writer_when_the_database_is_closed_is_told_so(
    database, busy_writer
):
    writing = Notes(database)
    async with trio.open_nursery() as nursery, busy_writer():
        nursery.start_soon(writing.relaxed, "late")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(database.close)
        await trio.testing.wait_all_tasks_blocked()

    assert str(writing.places["late"]) == "the database is closed"


async def test_once_begun_it_is_waited_for_although_a_waiter_is_cancelled(database):
    """The first function of a commit cancels all that share it."""
    answers = []

    @brief
    def cancel(tx, number):
        add(tx, str(number))
        scope.cancel()
        return number

    async def write(number):
        answers.append(await database.write_relaxed(cancel, number))

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(write, number)

    assert sorted(answers) == list(range(5))


async def test_after_the_end_nothing_is_written(path, clock):
    async with opened(path, clock) as database:
        await database.write(add, "first")
    with pytest.raises(DatabaseError, match="closed"):
        await database.write_relaxed(note, "late")


async def test_who_has_gathered_when_the_database_is_closed_is_told_so(path, clock):
    async with opened(path, clock) as database:
        await database.write(add, "first")
        writing = Notes(database)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.close)  # in the same turn
            for number in range(3):
                nursery.start_soon(writing.relaxed, str(number))

    assert [str(answer) for answer in writing.places.values()] == ["the database is closed"] * 3
    async with opened(path, clock) as database:
        assert await database.read(notes) == ["first"]


async def test_whatever_breaks_amid_a_commit_everybody_hears_of_it(database, clock):
    class Breaking:
        journal = database._commit.journal

        def at_once(self, batch):
            batch[0].take()
            batch[0].answer(outcome.Value("not so"))
            raise SystemError("it breaks")

    shortcut = Shortcut(database._writer, Breaking(), clock, most=9, afterwards=lambda: None)
    errors = []

    async def submit():
        with pytest.raises(SystemError) as error:
            await shortcut.submit(Request(lambda _: None, durable=False, deadline=0.0))
        errors.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(submit)
    assert len(errors) == 3


def test_a_ctrl_c_amid_a_commit_waits_for_its_end(path, clock):
    places = []

    @brief
    def interrupted(tx):
        add(tx, "before")
        signal.raise_signal(signal.SIGINT)
        places.append(note(tx, "after"))

    async def main():
        async with opened(path, clock) as database:
            await database.write(add, "first")
            await database.write_relaxed(interrupted)
            await trio.sleep_forever()

    async def read():
        async with opened(path, clock) as database:
            return await database.read(notes)

    with pytest.RaisesGroup(KeyboardInterrupt, allow_unwrapped=True, flatten_subgroups=True):
        trio.run(main)
    assert places == [threading.get_ident()]
    assert trio.run(read) == ["first", "before", "after"]
