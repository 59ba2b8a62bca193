"""`creche cron`."""

import pytest


@pytest.fixture(autouse=True)
def declared(creche, work):
    """A worker has been here, and has stored the application's schedules."""
    work()


def test_schedules_are_listed_with_their_rules_and_next_five_ticks(creche):
    [schedule] = creche("cron", "list", "--json").json["schedules"]

    assert (schedule["name"], schedule["expression"], schedule["timezone"]) == (
        "nightly", "0 3 * * *", "Europe/Berlin",
    )  # fmt: skip
    assert (schedule["missed"], schedule["overlap"]) == ("one", "skip")
    assert len(schedule["nextTicks"]) == 5
    assert schedule["nextTicks"] == sorted(schedule["nextTicks"])


def test_people_are_told_what_the_rules_mean(creche):
    out = creche("cron", "list").out

    assert "Europe/Berlin" in out
    assert "missed: " in out
    assert "overlap: " in out


def test_a_schedule_can_run_now(creche):
    assert creche("cron", "run", "nightly").out == "1 pending\n"
    assert creche("jobs", "show", "1", "--json").json["type"] == "nightly"


def test_a_schedule_is_paused_and_resumed(creche):
    assert creche("cron", "pause", "nightly").out == "nightly paused\n"
    assert creche("cron", "list", "--json").json["schedules"][0]["paused"] is True
    assert " paused" in creche("cron", "list").out
    assert creche("cron", "resume", "nightly", "--json").json == {"name": "nightly", "paused": False}


@pytest.mark.parametrize("verb", ["run", "pause", "resume"])
def test_a_schedule_that_is_not_there_is_exit_code_1(creche, verb):
    ended = creche("cron", verb, "nosuch")

    assert (ended.code, ended.err) == (1, "creche: there is no schedule 'nosuch'\n")
