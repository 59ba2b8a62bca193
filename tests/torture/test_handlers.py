"""Handlers that misbehave (T17, T18: M1 to M18): each ending is recorded, the worker lives and goes on."""

import signal

import pytest

from tests.torture.application import Work
from tests.torture.misdeeds import Err, Misbehave

pytestmark = [pytest.mark.slow, pytest.mark.system]

QUICK = {
    "block": ("timed_out", "0.3"),
    "swallow": ("timed_out", "0.3"),
    "clean up unshielded": ("timed_out", "0.3"),
    "wait for a thread": ("timed_out", "0.3"),
    "deadlock": ("timed_out", "0.3"),
    "hold the database": ("timed_out", "0.3"),
    "leak": (None, ""),
    "leak a bomb": (None, ""),
    "fail in a child": ("failed", "ValueError: a child"),
    "raise a group": ("failed", "ValueError"),
    "exit": ("failed", "SystemExit"),
    "generator exit": ("failed", "GeneratorExit"),
    "exhaust memory": ("failed", "MemoryError"),
    "recurse": ("failed", "RecursionError"),
    "change the process": (None, ""),
    "talk": (None, ""),
    "say something terrible": ("failed", "RuntimeError"),
    "say nothing": ("failed", "_Unspeakable"),
}
"""What it does, how that ends (None: completed), and what the dead letter says."""


def test_each_misdeed_ends_as_it_should_and_the_worker_goes_on(siege):
    jobs = {
        how: siege.enqueue((Misbehave if outcome == "timed_out" else Err)(how=how), app=siege.app)[0]
        for how, (outcome, _) in QUICK.items()
    }
    worker = siege.worker("--workers", "4")
    siege.drain()

    for how, (outcome, says) in QUICK.items():
        status = siege.status(jobs[how])
        assert (how, status, siege.outcomes(jobs[how])) == (
            how,
            "failed" if outcome else "completed",
            [outcome] if outcome else [],
        )
        letters = siege.rows("SELECT error FROM dead_letter_jobs WHERE job_id = ?", jobs[how])
        assert all(says in error for (error,) in letters)
        assert all(len(error.encode()) <= 8 * 1024 for (error,) in letters)
    assert worker.said("event loop blocked")
    siege.store(Work())
    siege.drain()
    assert siege.verdict() == {}
    worker.signal(signal.SIGTERM)
    assert worker.end() == 0


@pytest.mark.torture
@pytest.mark.parametrize("how", ["swallow for long", "shield"])
def test_one_that_ignores_its_end_is_reported_and_others_go_on(siege, how):
    (stuck,) = siege.enqueue(Misbehave(how=how, seconds=8), app=siege.app)
    worker = siege.worker("--workers", "2")
    siege.until_noted("start", stuck)
    siege.store(*[Work()] * 10)
    siege.drain()

    report = worker.until("handler ignores its cancellation", job=stuck)
    assert "application.py" in str(report["stack"])
    siege.until(stuck, "failed")
    assert siege.outcomes(stuck) == ["timed_out"]
    assert siege.verdict() == {}


@pytest.mark.torture
@pytest.mark.parametrize("how", ["misnest", "interrupt", "abandon a generator"])
def test_what_breaks_the_loop_itself_is_no_more_than_a_crash(siege, how):
    """Trio itself may break then: the worker ends, but not silently, and not with the jobs of others."""
    (job,) = siege.enqueue(Misbehave(how=how), app=siege.app)
    siege.store(*[Work()] * 10)
    siege.start("worker", "--processes", "2", "--workers", "2")
    siege.drain()

    assert siege.status(job) == "failed"
    assert siege.verdict() == {}
