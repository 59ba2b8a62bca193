"""`creche pause TYPE` and `creche resume TYPE`."""

import pytest


def test_a_paused_type_waits_until_it_is_resumed(creche, work):
    assert creche("pause", "greet").out == "greet paused\n"
    creche("enqueue", "greet")
    work()
    assert creche("jobs", "show", "1", "--json").json["status"] == "pending"

    assert creche("resume", "greet", "--json").json == {"type": "greet", "paused": False}
    work()
    assert creche("jobs", "show", "1", "--json").json["status"] == "completed"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_type_that_is_not_there_is_exit_code_2(creche, verb):
    ended = creche(verb, "nosuch")

    assert ended.code == 2
    assert ended.err.count("\n") == 1
