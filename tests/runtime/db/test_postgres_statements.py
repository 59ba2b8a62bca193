"""Statements on a server: values arrive as they were, and many go in one round trip."""

import math

import psycopg
import pytest

from runtime.app import RUNTIME_SCHEMA
from runtime.db import postgres_statements
from runtime.db.base import CheckViolation
from runtime.db.location import parse_location
from runtime.db.postgres_connection import Link
from runtime.db.postgres_pipeline import Prepare, Repeated
from runtime.db.postgres_texts import translate_all
from runtime.db.postgres_trips import Opening, Trips
from runtime.db.queries import merge_queries
from runtime.errors import DatabaseError
from runtime.model.records import Priority, Status
from shop.app import app as shop


def test_every_statement_of_runtime_and_shop_is_one_that_the_server_accepts(postgres_url):
    """Types are inferred from where a parameter stands: a doubt shows here, not in production."""
    link, schemas = migrated(postgres_url)
    for name, statement in translate_all(merge_queries(schemas, "postgres")).items():
        if statement.text and not name.startswith(ONLY_SQLITE):
            result = link.ready().pgconn.prepare(name.encode(), statement.text)
            assert not result.error_message, (name, result.error_message.decode())
    link.drop()


ONLY_SQLITE = ("journal_mode", "foreign_keys", "damaged_pages", "broken_references")

ECHO = {
    "texts": "SELECT CAST(:value AS text)",
    "ints": "SELECT CAST(:value AS bigint)",
    "floats": "SELECT CAST(:value AS double precision)",
    "blobs": "SELECT CAST(:value AS bytea)",
    "sum": "SELECT SUM(n) FROM (SELECT CAST(:value AS bigint) AS n) AS one",
    "texts_of_rows": "SELECT * FROM unnest(CAST(:value[] AS text[])) WITH ORDINALITY ORDER BY 2",
    "nothing": "",
    "moment": "SELECT 42",
    "isolation": "SHOW transaction_isolation",
    "application": "SHOW application_name",
    "quotient": "SELECT 1 / CAST(:value AS bigint)",
    "table": "CREATE TEMPORARY TABLE changes (value bigint NOT NULL)",
    "change": "INSERT INTO changes VALUES (:value)",
    "changed": "SELECT COUNT(*) FROM changes",
    "store": "INSERT INTO changes SELECT * FROM unnest(CAST(:value[] AS bigint[]))",
    "store_by_row": "INSERT INTO changes VALUES (-CAST(:value AS bigint))",
    "text_table": "CREATE TEMPORARY TABLE texts (place serial, value text)",
    "store_text": "INSERT INTO texts (value) SELECT * FROM unnest(CAST(:value[] AS text[]))",
    "stored_texts": "SELECT value FROM texts ORDER BY place",
    "stored": "SELECT value FROM changes ORDER BY value",
}


@pytest.fixture
def echo(postgres_url):
    link = Link(parse_location(postgres_url), translate_all(ECHO))
    link.ready()
    yield link.statements
    link.drop()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("texts", ""), ("texts", "ä'\"\\ \n {a,b} NULL"), ("texts", None), ("texts", Status.PENDING),
        ("ints", 2**63 - 1), ("ints", -1), ("ints", True), ("ints", Priority.HIGH), ("ints", None),
        ("floats", 0.1), ("floats", 1_767_225_600.123457), ("floats", math.inf), ("floats", 5e-324),
        ("floats", 3),
        ("blobs", b"\0\xff'"), ("blobs", b""),
    ],
)  # fmt: skip
def test_a_value_comes_back_as_it_went(echo, name, value):
    assert list(echo.rows(name, {"value": value})) == [(value,)]


def test_a_sum_is_an_int_again(echo):
    ((total,),) = echo.rows("sum", {"value": 7})
    assert type(total) is int


def test_text_with_a_nul_is_refused_and_not_cut_short(echo):
    with pytest.raises(CheckViolation, match="NUL"):
        echo.rows("texts", {"value": "a\0b"})


def test_any_text_survives_in_an_array(echo):
    texts = ["", "NULL", 'a"b', "a\\b", "{a,b}", " ", "ä\n", None]

    assert [row[0] for row in echo.rows("texts_of_rows", {"value": "x"})] == ["x"]
    echo.run("text_table", {})
    echo.many("store_text", [(text,) for text in texts])
    assert [row[0] for row in echo.rows("stored_texts", {})] == texts


@pytest.fixture
def trips(monkeypatch):
    """How many statements each round trip carried; one of nothing but COMMIT is not told of."""
    made = []
    together, alone = postgres_statements.round_trip, Trips.alone

    def counted(server, messages):
        made.append(len([message for message in messages if not isinstance(message, Prepare)]))
        return together(server, messages)

    def counted_alone(self, call):
        made.append(1)
        return alone(self, call)

    monkeypatch.setattr(postgres_statements, "round_trip", counted)
    monkeypatch.setattr(Trips, "alone", counted_alone)
    return made


@pytest.fixture
def moments():
    """What transactions heard when they began."""
    return []


@pytest.fixture
def begin(echo, moments):
    def begin(*settings):
        heard = lambda result: moments.append(result.get_value(0, 0))  # noqa: E731
        echo.begin(Opening(b"BEGIN ISOLATION LEVEL REPEATABLE READ", settings, "moment", heard))

    return begin


QUESTIONS = ("texts", {"value": "a"}), ("ints", {"value": 7})


def test_a_transaction_begins_with_its_first_statement(echo, begin, trips, moments):
    begin()
    assert not echo.begun
    assert trips == []

    assert list(echo.rows("texts", {"value": "a"})) == [("a",)]

    assert echo.begun
    assert trips == [3], "BEGIN, the moment, the statement"
    assert moments == [b"42"]
    assert list(echo.rows("isolation", {})) == [("repeatable read",)]
    echo.commit()


def test_settings_of_a_transaction_hold_in_it_alone(echo, begin):
    begin(b"SET LOCAL jit = off", b"SET LOCAL application_name = 'set'")

    assert list(echo.rows("application", {})) == [("set",)]

    echo.commit()
    assert list(echo.rows("application", {})) == [("creche",)]


def test_what_is_foreseen_is_run_in_the_round_trip_that_begins(echo, begin, trips):
    begin()

    echo.foresee(*QUESTIONS)

    assert [list(echo.rows(*question)) for question in QUESTIONS] == [[("a",)], [(7,)]]
    assert trips == [4]
    assert list(echo.rows("ints", {"value": 7})) == [(7,)]
    assert trips == [4, 1], "an answer is good once"
    echo.commit()


def test_an_answer_to_another_question_and_one_from_before_it_do_not_count(echo, begin, trips):
    begin()
    echo.foresee(*QUESTIONS)

    assert list(echo.rows("texts", {"value": "b"})) == [("b",)]
    assert list(echo.rows("ints", {"value": 7})) == [(7,)]
    assert trips == [4, 1, 1]
    echo.commit()


def test_a_change_that_was_foreseen_says_what_it_changed_and_may_not_be_left_out(echo, begin):
    change = ("change", {"value": 1})
    echo.run("table", {})
    begin()
    echo.foresee(change, ("ints", {"value": 7}))
    assert echo.run(*change) == 1
    assert list(echo.rows("ints", {"value": 7})) == [(7,)]

    echo.foresee(change)
    with pytest.raises(DatabaseError, match="change was foreseen"):
        echo.rows("texts", {"value": "b"})


def test_what_only_changes_goes_to_the_server_in_one_piece(echo, begin, trips, moments):
    echo.run("table", {})
    del trips[:]
    begin()
    echo.change("change", {"value": 1})
    assert (trips, echo.owes) == ([], True)

    echo.commit(Repeated("afterwards", b"SELECT 1 / 0"))

    assert trips == [5], "what comes after COMMIT is nobody's trouble"
    assert moments == [b"42"]
    assert list(echo.rows("changed", {})) == [(1,)]


def test_a_question_takes_along_what_was_changed_before_it(echo, begin, trips):
    echo.run("table", {})
    begin()
    echo.foresee(*QUESTIONS)
    echo.change("change", {"value": 1})
    echo.many("store", [(2,), (3,), (4,)])
    del trips[:]

    assert list(echo.rows("stored", {})) == [(1,), (2,), (3,), (4,)]
    assert trips == [3]
    echo.change("change", {"value": 5})
    assert echo.run("change", {"value": 6}) == 1
    assert list(echo.rows("ints", {"value": 7})) == [(7,)], "what was foreseen before a change is asked anew"
    assert trips == [3, 2, 1]
    echo.commit()


def test_a_value_that_cannot_be_stored_is_refused_where_it_is_given(echo, begin, trips):
    begin()

    with pytest.raises(CheckViolation, match="NUL"):
        echo.change("change", {"value": "a\0b"})
    assert (trips, echo.owes) == ([], False)


def test_more_than_a_mebibyte_is_not_owed(echo, begin, trips):
    echo.run("text_table", {})
    begin()
    del trips[:]

    for _ in range(5):
        echo.many("store_text", [("a" * 300_000,)] * 3)
    assert trips == [4, 2], "two of three texts each, and BEGIN with its moment"
    assert echo.owes

    echo.commit()
    assert len(list(echo.rows("stored_texts", {}))) == 15


def test_what_an_earlier_transaction_owed_is_nothing_to_the_next(echo, begin):
    echo.run("table", {})
    begin()
    echo.change("change", {"value": 1})

    begin()
    echo.commit()

    assert list(echo.rows("changed", {})) == [(0,)]


def test_a_few_rows_have_a_statement_for_each_where_there_is_one(echo):
    echo.run("table", {})

    echo.many("store", [(1,), (2,)])
    echo.many("store", [(3,), (4,), (5,)])
    echo.many("store", [])

    assert list(echo.rows("stored", {})) == [(-2,), (-1,), (3,), (4,), (5,)]


def test_what_is_repeated_after_each_commit_is_parsed_once(echo, begin):
    echo.run("table", {})
    for _ in range(2):
        begin()
        echo.run("change", {"value": 1})
        echo.commit(Repeated("store_more", b"INSERT INTO changes VALUES ($1)", [b"7"]))

    assert list(echo.rows("stored", {})) == [(1,), (1,), (7,), (7,)]
    known = echo._server.exec_(b"SELECT prepare_time FROM pg_prepared_statements WHERE name = 'store_more'")
    assert known.ntuples == 1


def test_what_fails_in_one_piece_is_not_done_at_all(echo, begin):
    echo.run("table", {})
    begin()
    echo.change("change", {"value": 1})
    echo.change("change", {"value": None})

    with pytest.raises(psycopg.errors.NotNullViolation):
        echo.commit()

    echo._server.exec_(b"ROLLBACK")
    assert list(echo.rows("changed", {})) == [(0,)]


def test_a_statement_first_used_where_another_fails_can_be_used_again(echo, begin):
    begin()
    with pytest.raises(psycopg.errors.DivisionByZero):
        echo.foresee(("quotient", {"value": 0}), ("texts", {"value": "a"}))
    echo._server.exec_(b"ROLLBACK")

    begin()
    assert list(echo.rows("quotient", {"value": 1})) == [(1,)]
    assert list(echo.rows("texts", {"value": "a"})) == [("a",)]
    echo.commit()


def test_a_transaction_of_nothing_says_nothing(echo, begin, trips, moments):
    begin()
    echo.commit()

    assert (trips, moments) == ([], [])


def test_an_empty_statement_does_nothing(echo):
    assert echo.run("nothing", {}) == 0
    echo.many("texts_of_rows", [])
    echo.change("nothing", {})
    assert not echo.owes


def migrated(url):
    from runtime.db.postgres_migrations import migrate_postgres
    from tests.runtime.store.synchronous import StillClock

    schemas = [RUNTIME_SCHEMA, *shop.schemas[1:]]
    location = parse_location(url)
    link = Link(location, {})
    migrate_postgres(link.ready(), schemas, StillClock(), location, adopt=False)
    return link, schemas
