"""Brief requests are committed on the trio thread where they need not wait there, else on the writer's."""

import threading

import pytest
import trio
import trio.testing

from runtime.db.base import brief
from runtime.db.lane import Request
from runtime.db.shortcut import Shortcut
from runtime.db.sqlite import MOST_ON_THE_LOOP
from runtime.db.sqlite_connection import PAGES_OF_A_JOURNAL
from tests.runtime.db.brief_notes import HERE, Notes, note
from tests.runtime.db.notes import add, notes, opened

FULL, NORMAL = 2, 1
"""Values of `PRAGMA synchronous`."""
JOURNAL = PAGES_OF_A_JOURNAL * 4096
"""Bytes."""


@pytest.fixture
def writing(database):
    return Notes(database)


@pytest.mark.parametrize("way", ["write", "write_relaxed"])
async def test_a_brief_request_alone_runs_on_the_trio_thread(database, way):
    assert await getattr(database, way)(note, "brief") == HERE
    assert await database.read(notes) == ["first", "brief"]


@pytest.mark.parametrize("way", ["write", "write_relaxed"])
async def test_one_that_is_not_brief_runs_on_the_writers(database, way):
    def lengthy(tx, text):
        return note(tx, text)

    assert await getattr(database, way)(lengthy, "lengthy") != HERE


async def test_a_database_just_opened_is_written_by_the_writer_first_since_that_may_sync(path, clock):
    async with opened(path, clock) as database:
        assert await database.write_relaxed(note, "first") != HERE
        assert await database.write_relaxed(note, "second") == HERE


async def test_where_another_connection_holds_the_database_the_writer_waits_for_it_and_the_loop_does_not(
    database, writing, holder
):
    holder.execute("BEGIN IMMEDIATE")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writing.relaxed, "patient")
        nursery.start_soon(writing.relaxed, "patient too")
        while database._writer.idle:
            await trio.lowlevel.checkpoint()
        assert await database.read(notes) == ["first"]
        assert writing.places == {}
        holder.execute("ROLLBACK")

    assert set(writing.places) == {"patient", "patient too"}
    assert writing.here == set()
    assert sorted(await database.read(notes)) == ["first", "patient", "patient too"]
    assert await database.write_relaxed(note, "later") == HERE


async def test_while_the_writer_works_brief_ones_gather_and_are_then_committed_together_on_the_trio_thread(
    database, writing, busy_writer
):
    async with trio.open_nursery() as nursery, busy_writer():
        for number in range(3):
            nursery.start_soon(writing.durable, f"durable {number}")
            nursery.start_soon(writing.relaxed, f"relaxed {number}")
        await trio.testing.wait_all_tasks_blocked()
        assert writing.places == {}

    assert len(writing.here) == 6
    assert len(await database.read(notes)) == 7


async def test_what_is_not_brief_comes_behind_those_who_have_gathered_before_it(
    database, writing, busy_writer
):
    """It may wait for a lock for as long as the one that they wait for: they would be refused too late."""
    async with trio.open_nursery() as nursery, busy_writer():
        nursery.start_soon(writing.relaxed, "gathered")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(database.write, add, "not brief")
        await trio.testing.wait_all_tasks_blocked()

    assert await database.read(notes) == ["first", "gathered", "not brief"]
    assert writing.here == set()


async def test_where_the_disk_is_slow_what_waits_for_it_queues_at_the_writer(
    database, writing, busy_writer, clock
):
    clock.step = 1.0  # each look at the clock costs a second: so long a commit takes
    assert await database.write(note, "stalled") == HERE
    async with trio.open_nursery() as nursery, busy_writer():
        nursery.start_soon(writing.durable, "queued")
        await trio.testing.wait_all_tasks_blocked()

    assert set(writing.places) == {"queued"}
    assert writing.here == set()


async def test_more_than_a_commit_may_carry_queue_at_the_writer_while_it_works(
    database, writing, busy_writer
):
    async with trio.open_nursery() as nursery, busy_writer():
        for number in range(MOST_ON_THE_LOOP + 1):
            nursery.start_soon(writing.relaxed, str(number))
        await trio.testing.wait_all_tasks_blocked()

    assert len(writing.places) == MOST_ON_THE_LOOP + 1
    assert writing.here == set()


async def test_what_gathers_while_one_that_is_not_brief_is_handed_over_goes_with_it(database, writing):
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(writing.relaxed, str(number))
        nursery.start_soon(database.write_relaxed, add, "lengthy")

    assert len(await database.read(notes)) == 7
    assert len(writing.places) == 5


async def test_those_of_one_turn_share_a_commit_and_what_they_announce_is_heard(database):
    heard, places = [], []
    database.listen(heard.append)

    @brief
    def announce(tx, subject):
        tx.announce(subject)
        add(tx, subject)
        places.append(threading.get_ident())

    async with trio.open_nursery() as nursery:
        for number in range(MOST_ON_THE_LOOP):
            nursery.start_soon(database.write_relaxed, announce, str(number))

    assert heard == [frozenset(map(str, range(MOST_ON_THE_LOOP)))]
    assert set(places) == {HERE}


async def test_when_a_write_returns_its_announcement_has_been_heard(database):
    heard = []
    database.listen(heard.append)
    await database.write_relaxed(brief(lambda tx: tx.announce("due")))

    assert heard == [frozenset({"due"})]


@pytest.mark.parametrize("other", ["write", "write_relaxed"])
async def test_durable_ones_share_a_commit_with_all_of_their_turn_and_all_wait_for_the_disk(database, other):
    @brief
    def level(tx):
        levels.append(database._commit._connection.execute("PRAGMA synchronous").get)
        transactions.add(tx)
        assert threading.get_ident() == HERE

    levels, transactions = [], set()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.write, level)
        nursery.start_soon(getattr(database, other), level)
        nursery.start_soon(getattr(database, other), level)

    assert levels == [FULL] * 3
    assert len(transactions) == 1


async def test_one_that_fails_among_several_fails_alone(database, writing):
    failed = []

    @brief
    def fail(tx, text):
        add(tx, text)
        raise LookupError(text)

    async def failing():
        with pytest.raises(LookupError, match="gone") as error:
            await database.write_relaxed(fail, "gone")
        failed.append(error)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(writing.relaxed, str(number))
        nursery.start_soon(failing)

    assert len(failed) == 1
    assert writing.here == {"0", "1", "2", "3", "4"}
    assert sorted(await database.read(notes)) == ["0", "1", "2", "3", "4", "first"]


@pytest.mark.slow
async def test_a_slow_disk_keeps_the_loop_waiting_once_and_is_then_left_to_the_writer(database, clock):
    clock.step = 1.0  # each look at the clock costs a second: so long a commit takes
    assert await database.write(note, "stalled") == HERE

    places = [await database.write(note, f"slow {number}") for number in range(30)]
    assert HERE not in places
    assert await database.write_relaxed(note, "need not wait for the disk") == HERE

    clock.step = 0.0
    places = [await database.write(note, f"quick {number}") for number in range(120)]
    assert places[0] != HERE
    assert places[-1] == HERE


async def until_idle(database):
    """The second is taken when the thread has done with all that came before, and what it does behind it."""
    for _ in range(2):
        await database.write(lambda _tx: None)


@pytest.mark.slow
async def test_a_checkpoint_is_made_by_the_writer_although_nothing_else_comes(path, database):
    assert await database.write_relaxed(note, "x" * JOURNAL) == HERE
    assert not database._writer.idle
    assert path.stat().st_size < JOURNAL
    await until_idle(database)
    assert path.stat().st_size > JOURNAL

    assert await database.write_relaxed(note, "this may sync the header") != HERE
    assert await database.write_relaxed(note, "this does not") == HERE


@pytest.mark.slow
@pytest.mark.parametrize("inline", [False, True])
async def test_the_journal_stays_bounded_however_many_commits_there_are(path, clock, inline):
    async with opened(path, clock, inline=inline) as database:
        texts = (f"{number:09} " * 8192 for number in range(300))  # 20 pages, and as many of the index
        places = [await database.write_relaxed(note, text) for text in texts]
        length = path.with_name(f"{path.name}-wal").stat().st_size

    assert path.stat().st_size > 4 * JOURNAL
    assert length < 1.5 * JOURNAL
    assert places.count(HERE) > 250


async def test_what_is_acknowledged_is_synchronous_here_too_and_what_a_rerun_mends_is_not(database):
    @brief
    def level(_tx):
        assert threading.get_ident() == HERE
        return database._commit._connection.execute("PRAGMA synchronous").get

    assert await database.write(level) == FULL
    assert await database.write_relaxed(level) == NORMAL
    assert await database.write(level) == FULL


@pytest.mark.parametrize("durable", [True, False])
async def test_more_than_a_commit_may_carry_are_the_writers(database, clock, durable):
    shortcut = Shortcut(database._writer, database._commit, clock, most=2, afterwards=lambda: None)
    places = []

    async def submit(text):
        request = Request(lambda tx: note(tx, text), durable=durable, deadline=1e12)
        places.append(await shortcut.submit(request))

    for number in (2, 3):
        async with trio.open_nursery() as nursery:
            for one in range(number):
                nursery.start_soon(submit, f"{one} of {number}")

    assert places[:2] == [HERE, HERE]
    assert HERE not in places[2:]
