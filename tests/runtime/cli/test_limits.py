"""`creche limits`."""

import pytest


def test_a_limit_is_set_listed_changed_and_removed(creche):
    assert creche("limits", "set", "greet", "120/m:10").out == "greet 120/m:10\n"
    assert creche("limits", "set", "greet", "20/s", "--burst", "5", "--json").json["burst"] == 5
    limit, _ = creche("limits", "list", "--json").json["limits"]
    assert (limit["type"], limit["rate"], limit["perSecond"]) == ("greet", "20/s:5", 20)
    assert "20/s:5" in creche("limits", "list").out

    assert creche("limits", "set", "greet", "off").out == "greet off\n"
    assert "greet" not in creche("limits", "list").out


def test_limits_of_the_application_are_listed_before_a_worker_has_run(creche):
    assert [limit["type"] for limit in creche("limits", "list", "--json").json["limits"]] == ["limited"]


@pytest.mark.parametrize(
    "arguments",
    [["greet", "5"], ["greet", "5/d"], ["greet", "0/s"], ["greet", "5/s", "--burst", "0"], ["nosuch", "5/s"]],
)
def test_a_bad_limit_is_one_line_exit_code_2_and_nothing_stored(creche, arguments):
    ended = creche("limits", "set", *arguments)

    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert [limit["type"] for limit in creche("limits", "list", "--json").json["limits"]] == ["limited"]


def test_a_limit_that_is_not_there_cannot_be_removed(creche):
    assert creche("limits", "set", "greet", "off").code == 1
