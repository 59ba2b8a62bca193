"""`creche doctor`: healthy is 0, a finding is 1, and every check can find something."""

import apsw
import pytest


def verdicts(ended):
    return {check["name"]: check["verdict"] for check in ended.json["checks"]}


@pytest.fixture
def used(creche, work):
    creche("enqueue", "greet")
    creche("enqueue", "doomed")
    work()
    creche("enqueue", "greet", "{}", "--delay", "3600")


@pytest.mark.usefixtures("used")
def test_a_healthy_database_is_exit_code_0(creche):
    ended = creche("doctor", "--json")

    assert ended.code == 0
    assert ended.json["ok"] is True
    assert set(verdicts(ended).values()) <= {"ok", "note"}
    assert "counters" in creche("doctor").out


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("UPDATE job_counts SET count = count + 1 WHERE type = 'greet' AND status = 'completed'", "counters"),
        (
            "UPDATE jobs SET status = 'processing', locked_by = 'ghost', locked_at = 1 WHERE id = 3",
            "stuck jobs",
        ),
        ("UPDATE jobs SET scheduled_at = 1 WHERE id = 3", "overdue jobs"),
        ("UPDATE jobs SET completed_at = NULL WHERE id = 1", "job rows"),
        ("UPDATE dead_letter_jobs SET job_id = 1", "dead letters"),
        ("UPDATE job_ids SET next = 2", "job ids"),
        ("UPDATE jobs SET type = 'unknown' WHERE id = 3", "counters"),
        ("UPDATE job_counts SET type = 'unknown' WHERE type = 'greet' AND status = 'scheduled'", "types"),
    ],
)
def test_harm_is_found(creche, path, harm, check):
    connection = apsw.Connection(str(path))
    connection.execute(harm)
    connection.close()

    ended = creche("doctor", "--json")

    assert ended.code == 1
    assert ended.json["ok"] is False
    assert verdicts(ended)[check] == "finding"


@pytest.mark.usefixtures("used")
def test_payloads_that_others_may_read_are_worth_a_note(creche, path):
    path.chmod(0o644)

    ended = creche("doctor", "--json")

    assert ended.code == 0
    assert verdicts(ended)["permissions"] == "note"


def test_a_missing_database_is_not_made(creche, path):
    ended = creche("doctor")

    assert ended.code == 2
    assert "there is no database" in ended.err
    assert not path.exists()
