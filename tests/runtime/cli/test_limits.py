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


def test_limits_of_jobs_at_once_and_of_keys_are_set_listed_and_taken_off_one_by_one(creche):
    line = ["--concurrency", "5", "--key-rate", "1/s", "--key-concurrency", "2"]
    assert creche("limits", "set", "greet", *line).out == "greet 5 at once, 1/s a key, 2 of a key at once\n"
    greet, _ = creche("limits", "list", "--json").json["limits"]
    assert greet == {
        "type": "greet", "rate": None, "perSecond": None, "burst": None, "tokens": None,
        "concurrency": 5, "running": 0, "keyRate": "1/s", "keyConcurrency": 2,
    }  # fmt: skip

    assert creche("limits", "set", "greet", "--key-rate", "off").out == (
        "greet 5 at once, 2 of a key at once\n"
    )
    mixed = creche("limits", "set", "greet", "20/s", "--concurrency", "off", "--key-rate", "off")
    assert (mixed.code, mixed.out) == (0, "greet 20/s, 2 of a key at once\n")
    both = creche("limits", "set", "greet", "off", "--key-concurrency", "off", "--json")
    assert both.json == {"type": "greet", "rate": None}
    assert creche("limits", "set", "greet", "--concurrency", "off").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["greet"],
        ["greet", "--concurrency", "0"],
        ["greet", "--concurrency", "many"],
        ["greet", "--key-concurrency", "1000001"],
        ["greet", "--key-rate", "often"],
        ["greet", "5/s", "--key-rate", "0/s"],
        ["doomed", "5/s", "--key-concurrency", "1"],
    ],
)
def test_a_bad_limit_of_keys_is_one_line_exit_code_2_and_nothing_stored(creche, arguments):
    ended = creche("limits", "set", *arguments)

    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert [limit["type"] for limit in creche("limits", "list", "--json").json["limits"]] == ["limited"]
