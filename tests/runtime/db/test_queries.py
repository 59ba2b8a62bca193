"""Named queries: their texts come from files, each name once, an override with its reason."""

import itertools
import re

import pytest

from runtime.app import RUNTIME_SCHEMA
from runtime.db.queries import Schema, merge_queries, split_queries
from runtime.errors import ConfigurationError
from tests.runtime.store.synchronous import Store

_numbers = itertools.count()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes an importable package of such files."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(**files: str) -> Schema:
        name = f"queries_of_a_test_{next(_numbers)}"
        for path, text in {"__init__.py": "", "sql/README": "", "migrations/README": "", **files}.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Schema(name, name)

    return make


def query(name: str, text: str = "SELECT 1;", comment: str = "Says one.") -> str:
    return f"-- name: {name}\n-- {comment}\n{text}\n"


def test_a_file_is_split_at_its_headers():
    text = query("one", "SELECT 1\nFROM t;") + "\n" + query("two", "SELECT 2;", "Says two.")

    assert list(split_queries(text)) == [
        ("one", "Says one.", "SELECT 1\nFROM t"),
        ("two", "Says two.", "SELECT 2"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "-- name: two\n",
        "-- name: Two\n-- Says two.\n",
        "-- name:two\n-- Says two.\n",
        "--name: two\n-- Says two.\n",
        "-- name: two\n\n-- Says two.\n",
    ],
)
def test_a_header_that_is_none_is_refused_rather_than_joined_to_the_query_before_it(package, header):
    schema = package(**{"sql/a.sql": query("one") + header + "DELETE FROM jobs;\n"})

    with pytest.raises(ConfigurationError, match=r"a\.sql"):
        schema.queries("sqlite")


def test_queries_of_all_files_are_found_by_name(package):
    schema = package(**{"sql/a.sql": query("one"), "sql/b.sql": query("two", "SELECT 2;"), "sql/c.txt": "?"})

    assert schema.queries("sqlite") == {"one": "SELECT 1", "two": "SELECT 2"}


def test_a_name_given_twice_is_refused(package):
    schema = package(**{"sql/a.sql": query("one"), "sql/b.sql": query("one")})

    with pytest.raises(ConfigurationError, match=r"b\.sql.*'one'.*twice"):
        schema.queries("sqlite")


def test_a_dialect_overrides_a_query_and_says_why(package):
    schema = package(
        **{
            "sql/a.sql": query("one") + query("two"),
            "sql/postgres/a.sql": query("one", "SELECT 9;", "Differs because it must."),
        }
    )

    assert schema.queries("postgres") == {"one": "SELECT 9", "two": "SELECT 1"}
    assert schema.queries("sqlite") == {"one": "SELECT 1", "two": "SELECT 1"}


def test_an_override_without_its_reason_is_refused(package):
    schema = package(**{"sql/a.sql": query("one"), "sql/sqlite/a.sql": query("one", comment="Faster.")})

    with pytest.raises(ConfigurationError, match="Differs because"):
        schema.queries("sqlite")


def test_two_schemas_cannot_use_one_name(package):
    first, second = package(**{"sql/a.sql": query("one")}), package(**{"sql/a.sql": query("one")})

    with pytest.raises(ConfigurationError, match=rf"'one' of schema {second.name}"):
        merge_queries([first, second], "sqlite")


def test_schemas_with_names_of_their_own_merge(package):
    first, second = package(**{"sql/a.sql": query("one")}), package(**{"sql/a.sql": query("two")})

    assert merge_queries([first, second], "sqlite").keys() == {"one", "two"}


def test_migrations_come_in_the_order_of_their_numbers_and_for_their_dialect_only(package):
    schema = package(
        **{
            "migrations/0002_more.sqlite.sql": "SELECT 2",
            "migrations/0001_first.sqlite.sql": "SELECT 1",
            "migrations/0001_first.postgres.sql": "SELECT 9",
        }
    )

    assert [(step.number, step.name, step.sql) for step in schema.migrations("sqlite")] == [
        (1, "first", "SELECT 1"),
        (2, "more", "SELECT 2"),
    ]


@pytest.mark.parametrize("numbers", [["0002"], ["0001", "0003"], ["0000", "0001"]])
def test_a_gap_in_the_numbers_is_refused(package, numbers):
    schema = package(**{f"migrations/{number}_step.sqlite.sql": "SELECT 1" for number in numbers})

    with pytest.raises(ConfigurationError, match="without gaps"):
        schema.migrations("sqlite")


def test_two_migrations_of_one_number_are_refused(package):
    schema = package(**{f"migrations/0001_{name}.sqlite.sql": "SELECT 1" for name in ("a", "b")})

    with pytest.raises(ConfigurationError, match="numbered"):
        schema.migrations("sqlite")


def test_every_query_of_the_runtime_is_one_statement_that_its_own_schema_understands():
    connection = Store().connection
    for name, text in merge_queries([RUNTIME_SCHEMA], "sqlite").items():
        parameters = dict.fromkeys(re.findall(r":([a-z_]+)", text))
        connection.execute(f"EXPLAIN {text}", parameters)
        assert ";" not in text, name
