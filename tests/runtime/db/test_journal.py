"""The write-ahead log of a connection: when a checkpoint is due, and what the next commit may wait for."""

import pytest

from runtime.db.journal import Journal
from runtime.db.sqlite_connection import PAGES_OF_A_JOURNAL, open_writer
from tests.runtime.store.synchronous import StillClock

PAGE = 4096


class Bench:
    """A journal on a file of its own."""

    def __init__(self, path):
        self.path = path
        self.clock = StillClock()
        self.connection = open_writer(path, self.clock)
        self.connection.execute("CREATE TABLE notes (text BLOB)")
        self.journal = Journal(self.connection, self.clock)

    def write(self, pages=0, *, full=False, on_the_loop=True):
        """Commit a row of so many pages and a bit."""
        self.connection.execute("BEGIN; INSERT INTO notes VALUES (zeroblob(?))", (pages * PAGE + 1,))
        self.journal.commit(full=full, on_the_loop=on_the_loop)

    @property
    def checkpointed(self):
        return self.path.stat().st_size > PAGES_OF_A_JOURNAL * PAGE

    @property
    def length(self):
        return self.path.with_name(f"{self.path.name}-wal").stat().st_size // PAGE


@pytest.fixture
def bench(tmp_path):
    opened = Bench(tmp_path / "notes.db")
    yield opened
    opened.connection.close()


def test_the_first_commit_may_wait_for_the_header_of_the_file_and_later_ones_do_not(bench):
    assert bench.journal.waits(sharing=0)
    bench.write()
    assert not bench.journal.waits(sharing=0)


def test_a_checkpoint_is_due_when_the_journal_is_long_and_never_a_part_of_the_commit(bench):
    bench.write(10)
    assert not bench.journal.overdue

    bench.write(PAGES_OF_A_JOURNAL)
    assert bench.journal.overdue
    assert bench.journal.waits(sharing=0)
    assert not bench.checkpointed


def test_after_a_checkpoint_the_next_commit_begins_the_file_anew_and_may_wait(bench):
    bench.write(PAGES_OF_A_JOURNAL)
    before = bench.length
    bench.journal.checkpoint()

    assert bench.checkpointed
    assert not bench.journal.overdue
    assert bench.journal.waits(sharing=0)
    bench.write()
    assert not bench.journal.waits(sharing=0)
    assert bench.length == before


def test_a_checkpoint_that_fails_remains_due(bench):
    bench.write(PAGES_OF_A_JOURNAL)
    reading = bench.connection.execute("SELECT text FROM notes, (VALUES (1), (2))")
    next(reading)  # no checkpoint may be made below an open statement

    bench.journal.checkpoint()
    assert bench.journal.overdue
    reading.close(True)
    bench.journal.checkpoint()
    assert not bench.journal.overdue
    assert bench.checkpointed


def test_one_that_readers_hold_up_is_due_again_with_the_next_commit(bench):
    reader = open_writer(bench.path, bench.clock)
    reader.execute("BEGIN; SELECT count(*) FROM notes").fetchall()
    bench.write(PAGES_OF_A_JOURNAL)
    bench.journal.checkpoint()
    assert not bench.checkpointed

    bench.write()
    assert bench.journal.overdue
    reader.close()
    bench.journal.checkpoint()
    assert bench.checkpointed


def test_a_commit_that_fails_is_followed_by_one_that_may_wait(bench):
    bench.write()
    bench.connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
    bench.connection.execute("CREATE TABLE two (id INTEGER REFERENCES one DEFERRABLE INITIALLY DEFERRED)")
    bench.connection.execute("BEGIN; INSERT INTO two VALUES (7)")
    with pytest.raises(Exception, match="FOREIGN KEY"):
        bench.journal.commit(full=False, on_the_loop=True)
    bench.connection.execute("ROLLBACK")

    assert bench.journal.waits(sharing=0)
    bench.write()
    assert not bench.journal.waits(sharing=0)


def test_the_disk_is_known_by_the_commits_that_waited_for_it_and_wrote_something(bench):
    def commit_nothing():
        bench.connection.execute("BEGIN IMMEDIATE")
        bench.journal.commit(full=True, on_the_loop=True)

    bench.write()
    commit_nothing()
    assert bench.journal.waits(sharing=1)  # nothing is known yet
    bench.write(full=True)
    assert not bench.journal.waits(sharing=1)

    bench.clock.step = 1.0  # each look at the clock costs a second
    bench.write(full=False)
    assert not bench.journal.waits(sharing=1)
    bench.write(full=True)
    assert bench.journal.waits(sharing=1)
    assert not bench.journal.waits(sharing=0)

    bench.clock.step = 0.0
    commit_nothing()
    assert bench.journal.waits(sharing=1)
    for _ in range(60):
        bench.write(full=True)
    assert not bench.journal.waits(sharing=1)


def test_a_disk_that_a_thread_took_for_slow_may_be_quick_and_the_more_share_it_the_longer_it_may_take(bench):
    bench.write(full=True)
    bench.clock.step = 1.0
    bench.write(full=True, on_the_loop=False)
    assert not bench.journal.is_slow(sharing=1)

    bench.write(full=True)
    assert bench.journal.is_slow(sharing=1)
    assert not bench.journal.is_slow(sharing=10_000)
    assert not bench.journal.is_slow(sharing=0)
