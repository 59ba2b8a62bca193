"""`creche migrate`."""

import apsw


def test_a_new_database_is_brought_up_to_this_version(creche, path):
    ended = creche("migrate", "--json")

    assert ended.json["database"] == f"sqlite:///{path}"
    assert ended.json["schemas"]["runtime"] >= 1
    assert "is up to date: runtime" in creche("migrate").out


def test_another_programs_tables_are_left_alone_unless_told(creche, path):
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    refused = creche("migrate")
    assert refused.code == 2
    assert "--adopt" in refused.err

    assert creche("migrate", "--adopt").code == 0
