"""`creche enqueue`: ids out, or one line and nothing stored."""

import pytest


def test_it_prints_the_id(creche):
    assert creche("enqueue", "greet", '{"name": "ada"}').out == "1\n"
    assert creche("enqueue", "greet").out == "2\n"
    assert creche("jobs", "show", "1", "--json").json["payload"] == {"name": "ada"}


def test_it_prints_many_ids_a_line_each(creche):
    assert creche("enqueue", "greet", "--count", "3").out == "1\n2\n3\n"


def test_for_programs_it_prints_json(creche):
    assert creche("enqueue", "greet", "--count", "2", "--json").json == {"ids": [1, 2], "duplicate": False}


def test_options_reach_the_job(creche):
    creche("enqueue", "greet", "{}", "--priority", "HIGH", "--delay", "3600", "--key", "k")

    job = creche("jobs", "show", "1", "--json").json
    assert (job["priority"], job["status"], job["key"]) == (10, "scheduled", "k")


def test_a_burst_becomes_one_job(creche):
    creche("enqueue", "greet", '{"name": "ada"}', "--key", "k", "--delay", "3600")
    creche(
        "enqueue", "greet", '{"name": "alan"}', "--key", "k", "--delay", "9000", "--on-conflict", "debounce"
    )

    [job] = creche("jobs", "list", "--json").json["jobs"]
    assert job["payload"] == {"name": "alan"}


def test_a_taken_key_gives_the_job_that_holds_it(creche):
    creche("enqueue", "greet", "--key", "k")
    again = creche("enqueue", "greet", "--key", "k")

    assert (again.code, again.out) == (0, "1\n")
    assert "the key 'k' is taken" in again.err
    creche("enqueue", "draw", "--key", "k", "--unique-for", "3600")
    creche("jobs", "cancel", "2")
    assert creche("enqueue", "draw", "--key", "k").out == "2\n"
    assert creche("stats", "--json").json["queue"]["pending"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch", "{}"], "unknown job type 'nosuch'; known: doomed, draw, greet"),
        (["greet", '{"name": 5}'], "name: Input should be a valid string"),
        (["greet", '{"nam": "a"}'], "nam: Extra inputs are not permitted"),
        (["greet", "{"], "Invalid JSON"),
        (["greet", "[]"], "payload"),
        (["greet", "\udcff"], "not valid UTF-8"),
        (["greet", "{}", "--priority", "101"], "--priority"),
        (["greet", "{}", "--priority", "urgent"], "--priority"),
        (["greet", "{}", "--delay", "-1"], "--delay"),
        (["greet", "{}", "--delay", "nan"], "--delay"),
        (["greet", "{}", "--delay", "1e300"], "delaySeconds"),
        (["greet", "{}", "--count", "0"], "--count"),
        (["greet", "{}", "--key", ""], "key"),
        (["greet", "{}", "--key", "k", "--count", "2"], "--key"),
        (["greet", "{}", "--unique-for", "5"], "uniqueForSeconds needs a key"),
        (["greet", "{}", "--on-conflict", "replace"], "onConflict"),
        (["greet", "{}", "--on-conflict", "never", "--key", "k"], "--on-conflict"),
        (["greet", "{}", "--expires", "0"], "expiresSeconds"),
        (["greet", "{}", "--deadline", "-1"], "--deadline"),
        (["greet", "{}", "--deadline", "9", "--count", "2"], "--deadline"),
        (["greet", "{}", "--db", "nonsense"], "--db"),
        (["greet", "{}", "--db", "sqlite:////nonexistent/folder/x.db"], "/nonexistent/folder/x.db"),
        (["greet", "{}", "--app", "nosuch_module:app"], "nosuch_module"),
        (["greet", '{"name": "' + "x" * 70_000 + '"}'], "larger than 65536 bytes"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_stored(creche, arguments, says):
    ended = creche("enqueue", *arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("creche: ")
    assert ended.err.count("\n") == 1
    assert says in ended.err
    assert creche("stats", "--json").json["byType"] == []


def test_what_is_wrong_with_the_job_is_said_before_the_database_is_made(creche, path):
    creche("enqueue", "nosuch")
    creche("enqueue", "greet", "[]")

    assert not path.exists()
