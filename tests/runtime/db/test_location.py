"""The `--db` URL: a file, absolute from the start; anything else refused in words."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.db.location import PostgresLocation, SqliteLocation, parse_location
from runtime.errors import UnsupportedDatabase


def test_three_slashes_name_a_file_in_the_current_directory_for_good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    location = parse_location("sqlite:///shop.db")
    monkeypatch.chdir("/")

    assert location.path == tmp_path / "shop.db"


def test_four_slashes_name_a_file_from_the_root():
    assert parse_location("sqlite:////var/lib/shop.db").path == Path("/var/lib/shop.db")


def test_a_link_is_left_to_the_operating_system(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    assert parse_location(f"sqlite:///{tmp_path}/link/../link/shop.db").path == tmp_path / "link" / "shop.db"


def test_escapes_in_the_url_are_read():
    assert parse_location("sqlite:////tmp/a%20b%25.db").path == Path("/tmp/a b%.db")


@example("%41")
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1))
def test_what_it_prints_reads_back_as_itself(name):
    location = SqliteLocation(Path("/tmp", f"x{name}"))

    assert parse_location(str(location)) == location


def test_the_companions_stand_beside_the_file():
    assert parse_location("sqlite:////data/shop.db").companions == Path("/data/shop.db-workers")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("shop.db", "must be a URL such as"),
        ("", "must be a URL such as"),
        ("postgresql://localhost/shop?schema=My Tables", "the schema must be"),
        ("postgres://localhost/shop?schema=", "the schema must be"),
        ("postgres://localhost/shop?schema=a;b", "the schema must be"),
        ("mysql://localhost/shop", "unknown database 'mysql'"),
        ("sqlite://shop.db", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:////", "names no file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///%3Amemory%3A", "must name a file"),
        ("sqlite:////tmp/a%00b.db", "must name a file"),
    ],
)
def test_what_names_no_file_of_sqlite_is_refused(url, says):
    with pytest.raises(UnsupportedDatabase, match=says):
        parse_location(url)


SERVER = "postgresql://ada:s%40cret@db.example:5433/shop?sslmode=verify-full&schema=jobs"


def test_a_server_is_libpqs_url_and_a_schema():
    location = parse_location(SERVER)

    assert isinstance(location, PostgresLocation)
    assert location.conninfo == "postgresql://ada:s%40cret@db.example:5433/shop?sslmode=verify-full"
    assert location.schema == "jobs"
    assert parse_location("postgresql:///shop?host=/run/postgresql").schema == "creche"


def test_text_and_repr_of_a_server_are_without_the_password():
    """They end up in logs."""
    url = "postgresql://ada:s%40cret@db.example/shop?schema=jobs&password=s%40cret&sslpassword=k3y"
    location = parse_location(url)

    for text in (str(location), repr(location), f"{location}"):
        assert "cret" not in text
        assert "k3y" not in text
    assert str(location) == "postgresql://ada@db.example/shop?schema=jobs"
    assert parse_location(str(location)).schema == "jobs"


def test_a_server_has_no_companions_and_files_beside_it_lie_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    location = parse_location(SERVER)

    assert location.companions is None
    assert location.beside("-gateway.jsonl") == tmp_path / "jobs-gateway.jsonl"
    assert parse_location("sqlite:///a.db").beside("-gateway.jsonl") == tmp_path / "a.db-gateway.jsonl"
