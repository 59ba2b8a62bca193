"""`creche copy`: from one URL to another, and what was compared."""

import pytest


def test_it_says_of_each_table_what_was_copied(creche, path, postgres_url):
    creche("enqueue", "greet", "--count", "3")

    copied = creche("copy", "--from", f"sqlite:///{path}", "--to", postgres_url, "--json")

    assert copied.code == 0, copied.err
    tables = {table["name"]: table for table in copied.json["tables"]}
    assert tables["jobs"]["rows"] == 3
    assert len(tables["jobs"]["checksum"]) == 32
    assert creche("stats", "--db", postgres_url, "--json").json["queue"]["pending"] == 3


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("sqlite:///{path}", "sqlite:///other.db", "from sqlite"),
        ("postgresql://h/d", "postgresql://h/d", "from sqlite"),
        ("sqlite:///{path}", "postgresql://ada:s3cret@h/d", "no database"),
    ],
)
def test_what_cannot_be_copied_is_refused_in_one_line(creche, path, source, target, says):
    ended = creche("copy", "--from", source.format(path=path), "--to", target)

    assert ended.code == 2
    assert says in ended.err
    assert "s3cret" not in ended.err
