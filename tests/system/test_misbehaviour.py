"""Handlers that do what they should not, in one worker: each ending is recorded, and the worker lives."""

import signal

import pytest

from tests.system.harness import Deployment
from tests.system.torture_app import Echo, Misbehave, OutOfTime

pytestmark = [pytest.mark.slow, pytest.mark.system]

ENDINGS = {
    "exit": (["failed"] * 2, "SystemExit"),
    "group": (["failed"] * 2, "ValueError"),
    "swallow": (["timed_out"] * 2, "0.3"),
    "leak": ([], None),
    "fail": (["failed"] * 2, "attempt 2 fails"),
    "block": (["timed_out"] * 2, "0.3"),
}


def test_whatever_handlers_do_is_recorded_and_the_worker_lives(torture: Deployment):
    worker = torture.worker()

    for how, (outcomes, says) in ENDINGS.items():
        (job,) = torture.enqueue(Misbehave(how=how))
        torture.until(job, "failed" if outcomes else "completed")
        assert (how, torture.outcomes(job)) == (how, outcomes)
        letters = torture.rows("SELECT error FROM dead_letter_jobs WHERE job_id = ?", job)
        assert len(letters) == bool(outcomes)
        assert all(says in error for (error,) in letters)
    assert [note["name"] for note in torture.notes("cancelled")] == ["leaked"]
    assert worker.said("a handler leaked tasks; they were cancelled")
    assert worker.said("event loop blocked")
    (healthy,) = torture.enqueue(Echo())
    torture.until(healthy, "completed")
    worker.signal(signal.SIGTERM)
    assert worker.end() == 0


def test_a_dead_letter_comes_back_by_the_command(torture: Deployment):
    (job,) = torture.enqueue(Misbehave(how="fail"))
    torture.worker()
    torture.until(job, "failed")
    first, second = (note["at"] for note in torture.notes("start", job))
    assert 0.2 <= second - first < 2  # it waited before it was tried again
    ((letter,),) = torture.rows("SELECT id FROM dead_letter_jobs")

    retried = torture.command("dlq", "retry", str(letter))

    assert (retried.returncode, retried.stderr) == (0, "")
    torture.until_noted("start", job, times=4)
    torture.until(job, "failed")
    assert torture.outcomes(job) == ["failed"] * 4


def test_a_timeout_cancels_the_handler_and_its_tasks_and_waits_for_their_cleanup(
    torture: Deployment, measured
):
    (job,) = torture.enqueue(OutOfTime())
    torture.worker()

    torture.until(job, "failed")

    started = torture.notes("start", job)[0]["at"]
    notes = torture.notes("cancelled", job)
    assert {note["name"] for note in notes} == {"parent", "child 0", "child 1"}
    measured("start to cancelled", max(note["at"] for note in notes) - started, "s")
    # The time runs from the attempt's beginning, a little before the handler's own first note.
    assert all(0.4 <= note["at"] - started < 1.5 for note in notes)
    assert len(torture.notes("cleaned up", job)) == 3
    assert torture.outcomes(job) == ["timed_out"]
