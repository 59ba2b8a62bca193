"""`creche worker`, as a process: it starts, drains, stops in order, and stops at once."""

import os
import signal
from datetime import datetime

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rate", "greet=20/x"], "--rate"),
        (["--rate", "nosuch=20/s"], "nosuch"),
        (["--only", "nosuch"], "nosuch"),
        (["--except", "nosuch"], "nosuch"),
        (["--only", "greet", "--except", "greet"], "--only"),
        (["--min-priority", "20", "--max-priority", "HIGH"], "--min-priority"),
        (["--workers", "2", "--reserve", "2:HIGH"], "--reserve"),
        (["--db", "sqlite:////nonexistent/folder/x.db"], "/nonexistent/folder/x.db"),
        (["--db", "sqlite:////nonexistent/folder/x.db", "--processes", "2"], "/nonexistent/folder/x.db"),
        (["--app", "nosuch_module:app", "--processes", "2"], "nosuch_module"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(creche, path, arguments, says):
    ended = creche("worker", *arguments)

    assert ended.code == 2
    assert ended.err.startswith("creche: ")
    assert ended.err.count("\n") == 1
    assert says in ended.err
    assert not path.exists()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_draining_runs_what_is_due_and_ends_with_0(creche, start, processes):
    creche("enqueue", "greet", "--count", "20")

    process = start("worker", "--drain", "--processes", processes)

    assert process.end() == 0
    assert process.events.count("worker started") == int(processes)
    assert creche("stats", "--json").json["byType"] == [{"type": "greet", "status": "completed", "count": 20}]


@pytest.mark.parametrize(
    ("number", "processes"), [(signal.SIGTERM, "1"), (signal.SIGINT, "1"), (signal.SIGTERM, "2")]
)
def test_a_signal_lets_running_jobs_finish_and_ends_with_0(creche, start, number, processes):
    creche("enqueue", "slow", '{"seconds": 0.5}')
    process = start("worker", "--processes", processes)
    process.until("slow job runs")
    process.until("worker started", int(processes))

    process.signal(number)

    assert process.end() == 0
    assert creche("jobs", "show", "1", "--json").json["status"] == "completed"


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_outlasts_the_grace_is_given_back_with_its_attempt_unused(creche, start, processes):
    creche("enqueue", "slow")
    process = start("worker", "--grace", "0.1", "--processes", processes)
    process.until("slow job runs")
    process.until("worker started", int(processes))

    process.signal(signal.SIGTERM)

    assert process.end() == 0
    job = creche("jobs", "show", "1", "--json").json
    assert (job["status"], job["attempts"]) == ("pending", 0)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_second_signal_does_not_wait(creche, start, processes):
    creche("enqueue", "slow")
    process = start("worker", "--grace", "600", "--processes", processes)
    process.until("slow job runs")
    process.until("worker started", int(processes))

    process.signal(signal.SIGTERM)
    process.until("worker stopping")
    process.signal(signal.SIGINT)

    process.end()
    assert creche("jobs", "show", "1", "--json").json["status"] == "pending"


def test_children_stop_when_their_parent_is_killed(creche, start):
    process = start("worker", "--processes", "2")
    process.until("worker started", 2)

    process.signal(signal.SIGKILL)

    process.end()  # the log ends when the last child that holds it has gone
    assert process.events.count("worker stopped") == 2
    assert creche("workers", "--json").json == {"workers": []}


def test_a_killed_child_is_started_again(creche, start):
    process = start("worker", "--processes", "2")
    process.until("worker started", 2)
    victim = next(line["pid"] for line in process.log if line["event"] == "worker process started")

    os.kill(victim, signal.SIGKILL)

    died = process.until("worker process died")
    assert (died["pid"], died["code"]) == (victim, -signal.SIGKILL)
    process.until("worker started", 3)
    creche("enqueue", "greet")
    process.signal(signal.SIGTERM)
    assert process.end() == 0


def test_several_processes_keep_one_rate_limit(creche, start):
    creche("enqueue", "greet", "--count", "30")

    process = start("worker", "--processes", "2", "--rate", "greet=10/s:10", "--drain")

    assert process.end() == 0
    jobs = creche("jobs", "list", "--limit", "30", "--json").json["jobs"]
    assert {job["status"] for job in jobs} == {"completed"}
    starts = sorted(datetime.fromisoformat(job["lockedAt"]) for job in jobs)
    assert (starts[-1] - starts[0]).total_seconds() > 1.9  # 10 at once, then 20 at 10 a second
