"""Group commit: each function alone in its savepoint, one COMMIT for all, and an answer for everybody."""

import apsw
import pytest

from runtime.db.base import Transaction
from runtime.db.commit import GroupCommit
from runtime.db.lane import Request
from runtime.db.sqlite_connection import PAGES_OF_A_JOURNAL, SqliteStatements, open_writer
from runtime.errors import DatabaseBusy, DatabaseError, DatabaseFull
from tests.runtime.store.synchronous import StillClock

TEXTS = {
    "add": "INSERT INTO notes (text) VALUES (:text)",
    "all": "SELECT text FROM notes ORDER BY rowid",
    "orphan": "INSERT INTO children VALUES (7)",
    "give up": "ROLLBACK",
}
TABLES = """
CREATE TABLE notes (text TEXT NOT NULL) STRICT;
CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents DEFERRABLE INITIALLY DEFERRED) STRICT;
"""
ROOM = 100_000
"""Bytes that surely do not fit once the database is full."""


class Gathering(Transaction):
    """Gathers what its functions note, as the store does, and writes it once."""

    __slots__ = ("gathered", "kept")

    def __init__(self, statements, now):
        super().__init__(statements, now)
        self.gathered, self.kept = [], []

    def keep(self):
        self.kept += self.gathered
        self.gathered = []

    def forget(self):
        self.gathered = []

    def flush(self):
        if self.kept:
            self.run("add", text="+".join(self.kept))


class Bench:
    """A group commit on a file of its own, without a thread."""

    def __init__(self, path):
        self.path = path
        self.clock = StillClock()
        self.connection = open_writer(path, StillClock())
        self.connection.execute(TABLES)
        self.announced = []
        statements = SqliteStatements(self.connection, TEXTS)
        self.commit = GroupCommit(
            self.connection, self.clock, lambda: Gathering(statements, 0.0), self.announced.append
        )

    def run(self, *fns, durable=True, patience=0.0):
        requests = [Request(fn, durable=durable, deadline=self.clock.time + patience) for fn in fns]
        self.answered = list(self.commit(requests))
        return requests

    def stored(self):
        """What another connection sees."""
        other = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return [text for (text,) in other.execute(TEXTS["all"])]
        finally:
            other.close()

    def fill(self):
        """Let the database grow by no page more."""
        pages = self.connection.execute("PRAGMA page_count").get
        self.connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def make_room(self):
        self.connection.execute("PRAGMA max_page_count = 1000000").fetchall()


@pytest.fixture
def bench(tmp_path):
    opened = Bench(tmp_path / "notes.db")
    yield opened
    opened.connection.close()


def add(text):
    def fn(tx):
        tx.run("add", text=text)
        return text

    return fn


def failing(error, text="gone"):
    def fn(tx):
        tx.run("add", text=text)
        raise error

    return fn


def errors(requests):
    """For each request the class of its error; None where it was acknowledged."""
    found = []
    for request in requests:
        try:
            request.result()
        except BaseException as error:
            found.append(type(error))
        else:
            found.append(None)
    return found


def test_a_group_is_one_commit_and_each_gets_its_own_answer(bench):
    requests = bench.run(add("a"), add("b"), add("c"))

    assert [request.result() for request in requests] == ["a", "b", "c"]
    assert bench.answered == requests
    assert bench.stored() == ["a", "b", "c"]


@pytest.mark.parametrize(
    "error", [LookupError("mine"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr
)
@pytest.mark.parametrize("alone", [True, False])
def test_whatever_a_function_raises_is_its_own_and_undoes_its_own_writes_only(bench, error, alone):
    neighbours = [] if alone else [add("a"), add("b")]
    requests = bench.run(*neighbours[:1], failing(error), *neighbours[1:])

    assert errors(requests) == ([type(error)] if alone else [None, type(error), None])
    assert bench.stored() == ([] if alone else ["a", "b"])
    assert bench.run(add("later"))[0].result() == "later"


def test_what_a_failed_function_gathered_goes_with_it(bench):
    def gather(word, error=None):
        def fn(tx):
            tx.gathered.append(word)
            if error:
                raise error

        return fn

    bench.run(gather("a"), gather("gone", LookupError()), gather("b"))

    assert bench.stored() == ["a+b"]


@pytest.mark.parametrize("alone", [True, False])
def test_a_commit_that_fails_is_acknowledged_to_nobody(bench, alone):
    requests = bench.run(*([] if alone else [add("a"), add("b")]), lambda tx: tx.run("orphan"))

    assert all(issubclass(error, DatabaseError) for error in errors(requests))
    assert bench.stored() == []
    assert bench.run(add("later"))[0].result() == "later"


def test_each_waiter_of_a_failed_commit_gets_an_error_object_of_its_own(bench):
    first, second = bench.run(add("a"), lambda tx: tx.run("orphan"))

    with pytest.raises(DatabaseError, match="nothing was written") as one:
        first.result()
    with pytest.raises(DatabaseError, match="nothing was written") as other:
        second.result()
    assert one.value is not other.value


def test_a_full_disk_fails_the_whole_group_and_it_works_again_once_there_is_room(bench):
    bench.run(add("before"))
    bench.fill()

    requests = bench.run(add("small"), add("x" * ROOM), add("small too"))

    assert errors(requests) == [DatabaseFull] * 3
    assert bench.stored() == ["before"]
    bench.make_room()
    assert bench.run(add("after"))[0].result() == "after"
    assert bench.stored() == ["before", "after"]


def test_a_full_disk_met_only_when_the_counters_are_written_fails_the_whole_group(bench):
    bench.fill()

    def gather(tx):
        tx.gathered.append("x" * ROOM)

    requests = bench.run(add("a"), gather)

    assert errors(requests) == [DatabaseFull] * 2
    assert bench.stored() == []


def test_a_function_that_ends_the_transaction_under_its_neighbours_makes_them_fail_too(bench):
    """As a full disk may, where the function then raises something of its own."""

    class Needs(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} {two}")

    for error in (Needs(1, 2), SystemExit(3)):

        def give_up(tx, error=error):
            tx.run("give up")
            raise error

        requests = bench.run(add("a"), give_up, add("b"))

        assert errors(requests) == [DatabaseError, type(error), DatabaseError]
        assert bench.stored() == []
    assert bench.run(add("later"))[0].result() == "later"


def test_only_what_is_committed_is_announced(bench):
    def announce(subject, error=None):
        def fn(tx):
            tx.announce(subject)
            if error:
                raise error

        return fn

    bench.run(announce("a"), announce("b"))
    bench.run(announce("never"), lambda tx: tx.run("orphan"))
    bench.run(add("silent"))

    assert bench.announced == [frozenset({"a", "b"})]


def test_one_that_was_withdrawn_never_runs_and_is_not_answered(bench):
    kept, withdrawn = (Request(add(text), durable=True, deadline=0.0) for text in ("kept", "withdrawn"))
    assert withdrawn.take()

    answered = bench.commit([kept, withdrawn])

    assert list(answered) == [kept]
    assert not withdrawn.answered
    assert bench.stored() == ["kept"]


@pytest.fixture
def holder(bench):
    other = apsw.Connection(str(bench.path))
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_who_runs_out_of_patience_hears_that_the_database_is_busy(bench, holder):
    bench.clock.step = 1.0  # each look at the clock costs a second

    impatient, patient = (
        Request(add("never"), durable=True, deadline=bench.clock.time + seconds) for seconds in (0, 3)
    )
    answered = bench.commit([impatient, patient])

    assert list(answered) == [impatient, patient]
    assert errors(answered) == [DatabaseBusy, DatabaseBusy]
    assert bench.stored() == []


def test_who_has_patience_left_is_served_once_the_database_is_free(bench, holder):
    class Freeing(StillClock):
        """The other lets go while we look at the clock for the second time."""

        def monotonic(self):
            self.time += 1.0
            if self.time >= 2:
                holder.execute("ROLLBACK")
            return self.time

    bench.commit._clock = Freeing(0)
    impatient = Request(add("no"), durable=True, deadline=1)
    patient = Request(add("yes"), durable=True, deadline=9)

    bench.commit([impatient, patient])

    assert errors([impatient, patient]) == [DatabaseBusy, None]
    assert bench.stored() == ["yes"]


def test_what_is_acknowledged_is_synchronous_and_what_a_rerun_mends_is_not(bench):
    def level(tx):
        return bench.connection.execute("PRAGMA synchronous").get

    full, normal = 2, 1
    assert [bench.run(level, durable=durable)[0].result() for durable in (True, False, True)] == [
        full, normal, full,
    ]  # fmt: skip
    mixed = [Request(level, durable=durable, deadline=0.0) for durable in (False, True)]
    bench.commit(mixed)
    assert [request.result() for request in mixed] == [full, full]


def test_at_once_a_batch_is_run_like_any_other_if_the_database_is_free(bench):
    requests = [
        Request(fn, durable=False, deadline=0.0) for fn in (add("a"), failing(LookupError()), add("b"))
    ]
    withdrawn = Request(add("withdrawn"), durable=False, deadline=0.0)
    assert withdrawn.take()

    assert bench.commit.at_once([*requests, withdrawn])
    assert errors(requests) == [None, LookupError, None]
    assert not withdrawn.answered
    assert bench.stored() == ["a", "b"]


def test_at_once_nothing_is_done_while_another_holds_the_database_and_it_may_be_run_later(bench, holder):
    request = Request(add("later"), durable=True, deadline=0.0)

    assert not bench.commit.at_once([request])
    assert not request.answered
    holder.execute("ROLLBACK")
    assert list(bench.commit([request])) == [request]
    assert bench.stored() == ["later"]


def test_a_checkpoint_that_is_due_follows_when_the_callers_were_told(bench):
    told = []
    bench.commit.on_early = lambda answered: told.append((list(answered), bench.commit.journal.overdue))

    requests = bench.run(add("x" * 4096 * PAGES_OF_A_JOURNAL), add("a"))

    assert told == [(requests, True)]
    assert bench.answered == requests
    assert errors(requests) == [None, None]
    assert not bench.commit.journal.overdue
    bench.run(add("b"))
    assert len(told) == 1


def test_a_checkpoint_that_fails_loses_no_answer_and_is_tried_again_behind_the_next_batch(bench):
    bench.run(add("a"))
    reading = bench.connection.execute("SELECT 1 FROM notes UNION ALL SELECT 2 FROM notes")
    next(reading)  # no checkpoint may be made below an open statement

    requests = bench.run(add("x" * 4096 * PAGES_OF_A_JOURNAL))
    assert errors(requests) == [None]
    assert bench.commit.journal.overdue

    reading.close(True)
    assert errors(bench.run(lambda tx: None)) == [None]
    assert not bench.commit.journal.overdue
