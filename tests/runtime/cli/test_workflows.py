"""`creche workflows`, and the dependencies that `creche enqueue` takes."""

import pytest
import trio

from runtime.flow import chain, group
from tests.runtime.cli.sample import Doomed, Greet, app


@pytest.fixture
def stored(creche, path) -> int:
    """A greeting, then a doomed job, then a greeting that needs it; the workflow's id."""

    async def store() -> int:
        async with app.open(f"sqlite:///{path}") as deployment:
            flow = chain(Greet(), group(Doomed()), Greet())
            return (await deployment.queue.enqueue(flow, name="three")).id

    return trio.run(store)


def test_a_workflow_is_shown_with_its_jobs(creche, stored):
    found = creche("workflows", "show", str(stored), "--json").json

    assert (found["name"], found["state"], found["total"], found["progress"]) == ("three", "running", 3, 0.0)
    assert [(job["type"], job["status"]) for job in found["jobs"]] == [
        ("greet", "pending"),
        ("doomed", "blocked"),
        ("greet", "blocked"),
    ]
    listed = creche("workflows", "list", "--json").json["workflows"]
    assert [workflow["id"] for workflow in listed] == [stored]
    assert creche("workflows", "list", "--state", "failed", "--json").json["workflows"] == []
    assert "three" in creche("workflows", "list").out
    assert "doomed" in creche("workflows", "show", str(stored)).out


def test_a_workflow_is_retried_and_cancelled_as_a_whole(creche, stored, work):
    work()
    assert creche("workflows", "list", "--json").json["workflows"][0]["state"] == "failed"

    assert creche("workflows", "retry", str(stored)).out == f"{stored} running: 1 of 3 jobs have ended\n"
    assert creche("workflows", "cancel", str(stored)).out == f"{stored} cancelled: 3 of 3 jobs have ended\n"


@pytest.mark.parametrize("verb", ["show", "cancel", "retry"])
def test_a_workflow_that_is_not_there_is_exit_code_1(creche, verb):
    ended = creche("workflows", verb, "7")
    assert (ended.code, ended.err) == (1, "creche: there is no workflow 7\n")


def test_a_job_is_enqueued_after_others_and_says_what_it_waits_for(creche):
    creche("enqueue", "greet", "--delay", "60")
    creche("enqueue", "greet", "--depends-on", "1", "--on-failure", "run")

    shown = creche("jobs", "show", "2", "--json").json
    assert (shown["status"], shown["waitReason"]) == ("blocked", "waits for job 1")
    assert [(parent["id"], parent["edge"]) for parent in shown["parents"]] == [(1, "open")]


def test_a_job_cannot_depend_on_one_that_is_not_there(creche):
    ended = creche("enqueue", "greet", "--depends-on", "9")
    assert (ended.code, ended.err) == (2, "creche: dependsOn.0: there is no job 9\n")
    assert creche("jobs", "list", "--json").json["jobs"] == []
