"""`creche jobs`."""

import pytest


@pytest.fixture
def some(creche, work):
    """Job 1 completed, 2 failed, 3 scheduled, 4 pending."""
    creche("enqueue", "greet", '{"name": "ada"}')
    creche("enqueue", "doomed", '{"say": "\\u001b[31mred"}')
    work()
    creche("enqueue", "greet", "{}", "--delay", "3600")
    creche("enqueue", "greet", "{}")


def statuses(creche, *arguments):
    return {job["id"]: job["status"] for job in creche("jobs", "list", "--json", *arguments).json["jobs"]}


@pytest.mark.usefixtures("some")
def test_the_list_is_newest_first(creche):
    found = statuses(creche)

    assert list(found) == [4, 3, 2, 1]
    assert found == {4: "pending", 3: "scheduled", 2: "failed", 1: "completed"}


@pytest.mark.usefixtures("some")
def test_the_list_can_be_narrowed(creche):
    assert list(statuses(creche, "--status", "pending")) == [4]
    assert list(statuses(creche, "--type", "doomed")) == [2]
    assert list(statuses(creche, "--type", "greet", "--status", "completed")) == [1]


@pytest.mark.usefixtures("some")
def test_the_list_goes_on_at_its_cursor(creche):
    first = creche("jobs", "list", "--limit", "3", "--json").json
    rest = creche("jobs", "list", "--cursor", str(first["cursor"]), "--json").json

    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == [4, 3, 2, 1]
    assert rest["cursor"] is None


@pytest.mark.usefixtures("some")
def test_the_table_for_people_is_safe_on_a_terminal(creche):
    ended = creche("jobs", "list")

    assert "\x1b" not in ended.out
    assert "\\x1b[31mred" in ended.out
    assert "0 of 5" in ended.out


def test_an_empty_list_says_so(creche):
    ended = creche("jobs", "list")

    assert (ended.code, ended.out, ended.err) == (0, "", "no jobs\n")


@pytest.mark.usefixtures("some")
def test_a_job_is_shown_with_its_history(creche):
    job = creche("jobs", "show", "2", "--json").json

    assert job["status"] == "failed"
    assert job["waitReason"] is None
    assert [run["outcome"] for run in job["history"]] == ["failed"]
    assert "red" in creche("jobs", "show", "2").out


@pytest.mark.usefixtures("some")
def test_a_waiting_job_says_why_it_waits(creche):
    assert creche("jobs", "show", "3", "--json").json["waitReason"]
    assert "\nwaits " in creche("jobs", "show", "3").out


@pytest.mark.usefixtures("some")
def test_a_waiting_job_is_cancelled_and_a_cancelled_one_retried(creche):
    assert creche("jobs", "cancel", "4").out == "4 cancelled\n"
    assert creche("jobs", "retry", "4", "--json").json["status"] == "pending"


@pytest.mark.usefixtures("some")
def test_a_scheduled_job_is_made_due(creche):
    assert creche("jobs", "retry", "3").out == "3 pending\n"


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("arguments", [["cancel", "1"], ["retry", "1"]])
def test_what_the_state_forbids_is_one_line_and_exit_code_1(creche, arguments):
    ended = creche("jobs", *arguments)

    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert statuses(creche)[1] == "completed"


@pytest.mark.parametrize("verb", ["show", "cancel", "retry"])
def test_a_job_that_is_not_there_is_exit_code_1(creche, verb):
    ended = creche("jobs", verb, "7")

    assert (ended.code, ended.err) == (1, "creche: there is no job 7\n")


@pytest.mark.parametrize("job_id", ["0", "-1", "x", "9223372036854775808", "1.0"])
def test_what_is_no_id_is_exit_code_2(creche, job_id):
    assert creche("jobs", "show", "--", job_id).code == 2


@pytest.mark.parametrize("arguments", [["--status", "done"], ["--limit", "0"], ["--cursor", "x"]])
def test_a_bad_filter_is_exit_code_2(creche, arguments):
    assert creche("jobs", "list", *arguments).code == 2


@pytest.mark.usefixtures("some")
def test_many_are_cancelled_by_a_filter(creche):
    assert creche("jobs", "cancel", "--type", "greet", "--status", "pending").out == "1 cancelled\n"
    assert statuses(creche)[4] == "cancelled"
    assert creche("jobs", "cancel", "--all", "--json").json == {"cancelled": 1}


@pytest.mark.usefixtures("some")
def test_a_waiting_job_is_moved(creche):
    moved = creche("jobs", "reschedule", "4", "--at", "2126-01-02T03:04:05+01:00", "--json").json
    assert (moved["status"], moved["scheduledAt"]) == ("scheduled", "2126-01-02T02:04:05.000Z")
    assert creche("jobs", "reschedule", "4", "--delay", "0").out == "4 pending\n"
    assert creche("jobs", "prioritize", "4", "HIGH", "--json").json["priority"] == 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["cancel"], "say which"),
        (["cancel", "1", "--all"], "say which"),
        (["cancel", "--status", "failed"], "--status"),
        (["cancel", "--older-than", "-1"], "--older-than"),
        (["reschedule", "1"], "say when"),
        (["reschedule", "1", "--delay", "1", "--at", "2126-01-01"], "say when"),
        (["reschedule", "1", "--at", "tomorrow"], "--at"),
        (["prioritize", "1", "101"], "N|NAME"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_code_2(creche, arguments, says):
    ended = creche("jobs", *arguments)

    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert says in ended.err


def test_what_a_job_said_and_returned_is_shown(creche, work):
    creche("enqueue", "draw", "--deadline", "3600", "--expires", "60")
    work()

    job = creche("jobs", "show", "1", "--json").json
    assert (job["result"], job["progress"]["fraction"]) == ({"pages": 2}, 1.0)
    assert [(line["run"], line["level"], line["text"]) for line in job["logs"]] == [
        (1, "warning", "little ink")
    ]
    assert job["startBy"] < job["endBy"]
    shown = creche("jobs", "show", "1").out
    for words in ("100%, page 2", '{"pages":2}', "little ink", "must be done"):
        assert words in shown
