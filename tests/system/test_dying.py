"""Workers that are killed or frozen: their jobs run elsewhere, and what they say later does not count."""

import signal

import pytest

from tests.system.harness import Deployment
from tests.system.process import eventually
from tests.system.torture_app import Effect, SleepOnce

pytestmark = [pytest.mark.slow, pytest.mark.system]

STALE_AFTER = 3.0


def test_a_killed_workers_job_runs_elsewhere_at_once(torture: Deployment, measured):
    (job,) = torture.enqueue(SleepOnce())
    first = torture.worker()
    torture.until_noted("start", job)
    torture.worker()

    killed = first.signal(signal.SIGKILL)

    again = torture.until_noted("start", job, times=2)
    measured("kill to start elsewhere", again["at"] - killed, "s")
    assert again["at"] - killed < 2
    torture.until(job, "completed")
    assert torture.outcomes(job) == ["crashed"]
    assert torture.rows("SELECT attempts, crashes FROM jobs") == [(1, 1)]
    eventually(lambda: torture.rows("SELECT pid FROM workers") != [(first.pid,)])


def test_where_its_death_cannot_be_seen_its_silence_tells(torture: Deployment, measured):
    (job,) = torture.enqueue(SleepOnce())
    first = torture.worker("--stale-after", str(STALE_AFTER))
    torture.until_noted("start", job)
    torture.worker("--stale-after", str(STALE_AFTER))
    for lock in torture.companions.glob(f"*-{first.pid}-*.lock"):
        lock.unlink()  # as if it were on another machine

    killed = first.signal(signal.SIGKILL)

    again = torture.until_noted("start", job, times=2)
    measured("kill to start elsewhere", again["at"] - killed, "s")
    assert STALE_AFTER / 2 < again["at"] - killed < STALE_AFTER + 2
    torture.until(job, "completed")


def test_a_frozen_worker_that_wakes_up_changes_nothing(torture: Deployment, measured):
    (waits, finishes) = torture.enqueue(SleepOnce(), Effect(seconds=0.3))
    first = torture.worker("--stale-after", "2")
    torture.until_noted("start", waits)
    torture.until_noted("start", finishes)
    frozen = first.signal(signal.SIGSTOP)
    torture.worker("--stale-after", "2")
    torture.until(waits, "completed")
    torture.until(finishes, "completed")
    again = torture.until_noted("start", waits, times=2)
    measured("freeze to start elsewhere", again["at"] - frozen, "s")

    woken = first.signal(signal.SIGCONT)

    first.until("this worker was taken for dead; its handlers are cancelled")
    first.until("stale outcome refused", job=finishes)
    cancelled = torture.until_noted("cancelled", waits)
    measured("awake to handler cancelled", cancelled["at"] - woken, "s")
    assert cancelled["at"] - woken < 1
    first.until("stale outcome refused", job=waits)
    assert len(torture.notes("end", finishes)) == 2  # it ran twice
    effects = torture.rows("SELECT id FROM jobs WHERE payload LIKE ?", f"%effect of {finishes}%")
    assert len(effects) == 1  # and had its effect once
    assert torture.rows("SELECT attempts, crashes FROM jobs WHERE id = ?", waits) == [(1, 1)]
    eventually(lambda: len(torture.rows("SELECT id FROM workers")) == 2)  # it is there again
    (fresh,) = torture.enqueue(SleepOnce(seconds=0))
    torture.until(fresh, "completed")


@pytest.mark.torture
def test_a_job_that_kills_its_workers_is_dead_after_three_crashes(torture: Deployment):
    (job,) = torture.enqueue(SleepOnce(every_time=True))

    for claim in range(1, 4):
        worker = torture.worker()
        torture.until_noted("start", job, times=claim)
        worker.signal(signal.SIGKILL)
        worker.end()
    torture.worker()

    torture.until(job, "failed")
    assert torture.outcomes(job) == ["crashed"] * 3
    ((error,),) = torture.rows("SELECT error FROM dead_letter_jobs WHERE job_id = ?", job)
    assert "died" in error


@pytest.mark.torture
def test_workers_that_are_frozen_together_do_not_take_each_other_for_dead(torture: Deployment):
    jobs = torture.enqueue(*[SleepOnce(seconds=4)] * 4)
    workers = [torture.worker("--workers", "2", "--stale-after", "2") for _ in range(2)]
    for job in jobs:
        torture.until_noted("start", job)

    for worker in workers:
        worker.signal(signal.SIGSTOP)
    eventually(lambda: torture.silence() > 3)
    for worker in workers:
        worker.signal(signal.SIGCONT)

    for job in jobs:
        torture.until(job, "completed")
    assert torture.rows("SELECT * FROM job_attempts") == []
