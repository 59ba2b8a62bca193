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
        ("UPDATE job_counts SET count = -1 WHERE type = 'greet'", "negative counters"),
        ("UPDATE jobs SET attempts = 9 WHERE id = 1", "attempts"),
        ("UPDATE jobs SET attempts = max_attempts WHERE id = 3", "attempts"),
        ("UPDATE jobs SET crashes = 3 WHERE id = 3", "poison pills"),
        ("UPDATE jobs SET status = 'blocked' WHERE id = 3", "blocked jobs"),
        ("UPDATE job_attempts SET job_id = 99", "histories"),
        ("UPDATE job_attempts SET claim = 99", "histories"),
        ("INSERT INTO job_keys VALUES ('greet', 'k', 99, NULL)", "keys"),
        ("INSERT INTO job_results VALUES (99, 'null', 1)", "belongings"),
        ("INSERT INTO job_progress VALUES (99, 1, 1, 0.5, 'half', 1)", "belongings"),
        ("INSERT INTO job_logs VALUES (99, 1, 1, 'info', 'here', 1)", "belongings"),
        ("INSERT INTO job_deadlines VALUES (99, NULL, 2, 2)", "belongings"),
        ("INSERT INTO job_waits VALUES (99, 0)", "belongings"),
        ("INSERT INTO workflow_jobs VALUES (99, 1)", "belongings"),
        ("INSERT INTO job_parents VALUES (1, 99, 0, 'run', 'done')", "belongings"),
        ("INSERT INTO job_parents VALUES (99, 1, 0, 'run', 'done')", "belongings"),
        ("INSERT INTO cron_ticks VALUES ('a', 1, 7), ('b', 1, 7)", "ticks"),
        (
            (
                "CREATE TABLE parts (whole REFERENCES w (id)); CREATE TABLE w (id INTEGER PRIMARY KEY);"
                "INSERT INTO parts VALUES (7)"
            ),
            "references",
        ),
        ("PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'jobs_failed'", "pages"),
    ],
)
def test_harm_is_found(creche, path, harm, check):
    connection = apsw.Connection(str(path))
    connection.execute(harm).fetchall()
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


@pytest.mark.usefixtures("used")
def test_a_clock_that_went_back_is_worth_a_note(creche, path):
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE jobs SET updated_at = updated_at + 7200 WHERE id = 1")
    connection.close()

    ended = creche("doctor", "--json")

    assert ended.code == 0
    assert verdicts(ended)["clock"] == "note"
