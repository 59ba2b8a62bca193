"""Kill -9 at any moment (T1, T3): nothing acknowledged is lost, no effect doubled, and recovery is quick."""

import signal
from dataclasses import replace

import pytest

from tests.system.process import eventually
from tests.torture.application import Work
from tests.torture.checker import recovery_times
from tests.torture.siege import pause

pytestmark = [pytest.mark.slow, pytest.mark.system]

STALE_AFTER = 3
BOUND = STALE_AFTER + 2.0
"""Seconds from the death of a worker to the next start of what it ran, where another worker lives."""


def test_jobs_of_killed_workers_have_their_effect_once(siege, dice, blows, measured):
    kills = blows(2, 20)
    siege.store(*[Work(seconds=0.15)] * (20 * kills))
    worker = ["worker", "--workers", "4", "--stale-after", str(STALE_AFTER)]
    workers = [siege.start(*worker) for _ in range(2)]
    for process in workers:
        process.until("worker started")

    for _ in range(kills):
        pause(dice.expovariate(1 / 0.4))
        siege.kill(workers.pop(0))
        workers.append(siege.start(*worker))
        workers[-1].until("worker started")
    siege.drain()
    buried = {str(job) for (job,) in siege.rows("SELECT job_id FROM dead_letter_jobs")}
    siege.drain(reviving=True)

    assert siege.verdict() == {}
    # Who was killed thrice has waited for an operator.
    rescued = [run for run in siege.history.runs if run.key not in buried]
    times = recovery_times(replace(siege.history, runs=rescued))
    assert times
    measured("jobs cut off", len(times))
    measured("slowest recovery", max(times), "s")
    assert max(times) < BOUND


def test_a_group_of_processes_killed_as_one_loses_nothing(siege, dice, blows, measured):
    kills = blows(1, 16)
    siege.store(*[Work(seconds=0.1)] * (25 * kills))

    for _ in range(kills):
        group = siege.start("worker", "--processes", "2", "--workers", "4")
        group.until("worker started", 2)
        pause(dice.uniform(0.05, 0.6))
        siege.kill(group)
    siege.worker("--workers", "20")
    siege.drain(reviving=True)

    assert siege.verdict() == {}
    measured("kills", kills)


@pytest.mark.torture
def test_a_worker_is_killed_while_it_starts(siege, dice, blows):
    siege.store(*[Work()] * 20)
    for _ in range(blows(3, 25)):
        worker = siege.start("worker")
        pause(dice.uniform(0.2, 1.2))
        siege.kill(worker)
    siege.worker()
    siege.drain(reviving=True)

    assert siege.verdict() == {}


@pytest.mark.torture
def test_without_a_lock_file_silence_tells_and_the_bound_holds(siege, measured):
    """As where workers are on other machines: nobody can see that the process is gone."""
    siege.store(Work(seconds=60))
    worker = ["--stale-after", "2"]
    first = siege.worker(*worker)
    (job,) = eventually(lambda: siege.notes("start"))
    siege.worker(*worker)
    for lock in siege.companions.glob(f"*-{first.pid}-*.lock"):
        lock.unlink()

    killed = first.signal(signal.SIGKILL)

    again = siege.until_noted("start", int(job["job"]), times=2)
    measured("kill to start elsewhere", again["at"] - killed, "s")
    assert again["at"] - killed < 2 + 2


def test_a_living_worker_keeps_its_jobs_however_long_they_take(siege):
    """Longer than the silence after which others would take them."""
    jobs = siege.store(*[Work(seconds=4)] * 2)
    for _ in range(2):
        siege.worker("--stale-after", "1")
    siege.drain(reviving=True)

    assert siege.verdict() == {}
    starts = [note["job"] for note in siege.notes("start")]
    assert [starts.count(job) for job in jobs] == [1, 1]
