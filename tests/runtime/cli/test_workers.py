"""`creche workers`."""

import signal

import pytest


def test_no_workers_are_said(creche):
    ended = creche("workers")

    assert (ended.code, ended.out, ended.err) == (0, "", "no workers\n")


@pytest.mark.slow
@pytest.mark.system
def test_a_running_worker_is_listed(creche, start):
    process = start("worker", "--workers", "3")
    process.until("worker started")

    [worker] = creche("workers", "--json").json["workers"]

    assert (worker["pid"], worker["runners"], worker["alive"]) == (process.popen.pid, 3, True)
    assert "alive" in creche("workers").out
    process.signal(signal.SIGTERM)
    assert process.end() == 0
    assert creche("workers", "--json").json == {"workers": []}
