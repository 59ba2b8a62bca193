"""SQL with `:name` becomes SQL with `$1`, whatever else has a colon; values arrive as they were."""

import math

import pytest

from runtime.app import RUNTIME_SCHEMA
from runtime.db.base import CheckViolation
from runtime.db.location import parse_location
from runtime.db.postgres_connection import Link
from runtime.db.postgres_statements import PostgresStatements, translate_all, translate_text
from runtime.db.postgres_values import array_literal
from runtime.db.queries import merge_queries
from runtime.errors import ConfigurationError
from runtime.model.records import Priority, Status
from shop.app import app as shop


@pytest.mark.parametrize(
    ("text", "becomes", "names"),
    [
        ("SELECT :a", "SELECT $1", ("a",)),
        ("SELECT :b, :a, :b", "SELECT $1, $2, $1", ("b", "a")),
        ("SELECT ':a', :a", "SELECT ':a', $1", ("a",)),
        ("SELECT 'it''s :a', \"col:b\"", "SELECT 'it''s :a', \"col:b\"", ()),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT x::text, :a::text", "SELECT x::text, $1::text", ("a",)),
        ("SELECT $$ :a $$, :b", "SELECT $$ :a $$, $1", ("b",)),
        ("SELECT 100 % :a", "SELECT 100 % $1", ("a",)),
    ],
)
def test_parameters_are_numbered_in_the_order_in_which_they_are_first_named(text, becomes, names):
    statement = translate_text("q", text)

    assert statement.text.decode() == becomes
    assert statement.names == names
    assert not statement.arrays


def test_arrays_and_single_values_do_not_mix():
    assert translate_text("q", "SELECT :a[]").arrays
    with pytest.raises(ConfigurationError, match="'q'"):
        translate_text("q", "SELECT :a[], :b")


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
    result = echo._run("texts_of_rows", [array_literal(texts)])
    assert [result.get_value(row, 0) for row in range(len(texts))] == [
        None if text is None else text.encode() for text in texts
    ]


@pytest.fixture
def trips(monkeypatch):
    """Round trips, but for a plain BEGIN or COMMIT: of one statement `alone`, or of some `together`."""
    made = []
    for name, call in (("_together", "together"), ("_run", "alone")):
        original = getattr(PostgresStatements, name)

        def counted(self, *args, _original=original, _call=call, **kwargs):
            made.append(_call)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(PostgresStatements, name, counted)
    return made


QUESTIONS = ("texts", {"value": "a"}), ("ints", {"value": 7})


def test_what_is_foreseen_is_asked_with_begin(echo, trips):
    answer = echo.begin("BEGIN", "", "SELECT 42", QUESTIONS)
    echo.expect(*QUESTIONS)

    assert answer.get_value(0, 0) == b"42"
    assert [list(echo.rows(*question)) for question in QUESTIONS] == [[("a",)], [(7,)]]
    assert trips == ["together"]
    assert list(echo.rows("ints", {"value": 7})) == [(7,)]
    assert trips == ["together", "alone"], "an answer is good once"
    echo.commit()


@pytest.mark.parametrize("preamble", ["", "SET LOCAL jit = off; "])
def test_what_was_not_asked_with_begin_is_asked_together_later(echo, trips, preamble):
    foreseen = QUESTIONS if preamble else ()
    answer = echo.begin("BEGIN", preamble, "SELECT 42", foreseen)
    echo.expect(*QUESTIONS)

    assert answer.get_value(0, 0) == b"42"
    assert [list(echo.rows(*question)) for question in QUESTIONS] == [[("a",)], [(7,)]]
    assert trips == ["together"]
    echo.commit()


def test_an_answer_to_another_question_and_one_from_before_a_change_do_not_count(echo, trips):
    echo.begin("BEGIN", "", "SELECT 42", QUESTIONS)

    assert list(echo.rows("texts", {"value": "b"})) == [("b",)]
    assert list(echo.rows("ints", {"value": 7})) == [(7,)]
    assert trips == ["together", "alone", "alone"]
    echo.commit()


def test_an_empty_statement_does_nothing(echo):
    assert echo.run("nothing", {}) == 0
    assert echo.many("texts_of_rows", []) == 0


def migrated(url):
    from runtime.db.postgres_migrations import migrate_postgres
    from tests.runtime.store.synchronous import StillClock

    schemas = [RUNTIME_SCHEMA, *shop.schemas[1:]]
    location = parse_location(url)
    link = Link(location, {})
    migrate_postgres(link.ready(), schemas, StillClock(), location, adopt=False)
    return link, schemas
