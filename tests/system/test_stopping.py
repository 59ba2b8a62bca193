"""SIGTERM and SIGINT: what runs finishes or is given back, and the process ends, whatever handlers do."""

import signal

import pytest

from tests.system.harness import Deployment
from tests.system.torture_app import Block, Shield, Sleep, SleepOnce

pytestmark = [pytest.mark.slow, pytest.mark.system]

MARGIN = 1.0
"""Seconds beyond what is promised: the machine is busy with other tests too."""


def test_a_job_that_needs_less_than_the_grace_finishes(torture: Deployment, measured):
    (job, later) = torture.enqueue(Sleep(seconds=3), Sleep(seconds=3))
    worker = torture.worker("--workers", "1", "--grace", "10")
    torture.until_noted("start", job)

    asked = worker.signal(signal.SIGTERM)

    assert worker.end() == 0
    ended = torture.notes("end", job)[0]["at"]
    measured("signal to end of the job", ended - asked, "s")
    assert torture.status(job) == "completed"
    assert torture.status(later) == "pending"  # no job starts after the signal
    assert torture.rows("SELECT * FROM workers") == []


def test_what_outlasts_the_grace_is_given_back_with_its_attempt_unused(torture: Deployment, clock, measured):
    (job,) = torture.enqueue(Sleep(seconds=60))
    worker = torture.worker("--grace", "1")
    torture.until_noted("start", job)

    asked = worker.signal(signal.SIGTERM)

    assert worker.end() == 0
    took = clock() - asked
    measured("signal to exit", took, "s")
    assert 1 <= took < 3
    assert torture.notes("cancelled", job)[0]["at"] - asked >= 1
    assert torture.rows("SELECT status, attempts, crashes, locked_by FROM jobs") == [("pending", 0, 0, None)]
    assert torture.outcomes(job) == ["interrupted"]


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_wait(torture: Deployment, clock, measured, second):
    (job,) = torture.enqueue(Sleep(seconds=60))
    worker = torture.worker("--grace", "600")
    torture.until_noted("start", job)
    worker.signal(signal.SIGTERM)
    worker.until("worker stopping")

    asked = worker.signal(second)

    assert worker.end() == 0
    took = clock() - asked
    measured("signal to exit", took, "s")
    assert took < 2
    assert torture.outcomes(job) == ["interrupted"]
    assert torture.status(job) == "pending"


def test_a_blocked_loop_is_reported_and_left_by_force(torture: Deployment, clock, measured):
    (job,) = torture.enqueue(Block(seconds=60))
    worker = torture.worker("--grace", "0.5")
    torture.until_noted("start", job)

    asked = worker.signal(signal.SIGTERM)

    assert worker.end() == 70
    took = clock() - asked
    measured("signal to exit", took, "s")
    assert 0.5 < took < 0.5 + 2 + MARGIN
    (stall,) = worker.said("event loop blocked")
    assert stall["running"] == [f"block {job}"]
    assert "torture_app.py" in stall["stack"]
    assert "in block" in stall["stack"]
    assert worker.said("shutdown took too long; leaving by force")
    torture.worker()
    torture.until(job, "completed")  # on the machine where it died nobody waits for its lease
    assert torture.outcomes(job) == ["crashed"]


def test_a_shielded_wait_that_ends_in_time_is_interrupted_in_order(torture: Deployment, measured, clock):
    (job,) = torture.enqueue(Shield(seconds=1.2))
    worker = torture.worker("--grace", "0.5")
    torture.until_noted("start", job)

    asked = worker.signal(signal.SIGTERM)

    assert worker.end() == 0
    measured("signal to exit", clock() - asked, "s")
    assert torture.notes("end", job)
    assert torture.outcomes(job) == ["interrupted"]
    assert torture.status(job) == "pending"


def test_a_shielded_wait_that_does_not_end_is_left_by_force(torture: Deployment, measured, clock):
    (job,) = torture.enqueue(Shield(seconds=60))
    worker = torture.worker("--grace", "0.5")
    torture.until_noted("start", job)

    asked = worker.signal(signal.SIGTERM)

    assert worker.end() == 70
    took = clock() - asked
    measured("signal to exit", took, "s")
    assert took < 0.5 + 2 + MARGIN
    assert torture.outcomes(job) == ["interrupted"]  # given back before, so no crash is counted
    torture.worker()
    torture.until(job, "completed")


def test_a_stopped_workers_jobs_start_elsewhere_at_once(torture: Deployment, measured):
    (job,) = torture.enqueue(SleepOnce())
    first = torture.worker("--grace", "0")
    torture.until_noted("start", job)
    torture.worker()

    asked = first.signal(signal.SIGTERM)

    again = torture.until_noted("start", job, times=2)
    measured("signal to start elsewhere", again["at"] - asked, "s")
    assert again["at"] - asked < 1.5
    assert first.end() == 0
