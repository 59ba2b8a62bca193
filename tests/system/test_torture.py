"""Long runs under fire: whatever is killed or stopped, no job is lost and none has its effect twice."""

import random
import signal
import time

import pytest

from tests.system.harness import Deployment
from tests.system.process import eventually
from tests.system.torture_app import Effect

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.torture, pytest.mark.timeout(300)]

JOBS = 400


def all_done(torture: Deployment) -> bool:
    return not torture.rows("SELECT id FROM jobs WHERE status NOT IN ('completed', 'failed') LIMIT 1")


def assert_each_job_had_its_effect_once(torture: Deployment) -> None:
    assert torture.rows("SELECT * FROM jobs WHERE status != 'completed'") == []
    jobs = {f"effect of {row[0]}" for row in torture.rows("SELECT id FROM jobs WHERE type = 'effect'")}
    effects = [row[0] for row in torture.rows("SELECT payload ->> 'message' FROM jobs WHERE type = 'echo'")]
    assert len(jobs) == JOBS
    assert sorted(effects) == sorted(jobs)
    counts = torture.rows("SELECT type, status, count FROM job_counts WHERE count != 0 ORDER BY type")
    assert counts == torture.rows(
        "SELECT type, status, count(*) FROM jobs GROUP BY type, status ORDER BY type"
    )


def test_no_job_is_lost_or_doubled_while_workers_are_killed(torture: Deployment, measured):
    chance = random.Random(1)
    torture.enqueue(*[Effect(seconds=0.1)] * JOBS)
    workers = [torture.worker("--workers", "4") for _ in range(2)]

    kills = 0
    while not all_done(torture):
        time.sleep(chance.uniform(0.1, 0.8))
        victim = workers.pop(0)
        victim.signal(signal.SIGKILL)
        victim.end()
        kills += 1
        workers.append(torture.start("worker", "--workers", "4"))
        workers[-1].until("worker started")

    measured("kills", kills, "")
    measured("runs", len(torture.notes("start")), f"of {2 * JOBS} jobs")
    assert kills > 5
    assert_each_job_had_its_effect_once(torture)


def test_a_signal_at_any_moment_ends_a_worker_in_order(torture: Deployment, measured):
    chance = random.Random(2)
    torture.enqueue(*[Effect(seconds=0.1)] * JOBS)
    slowest = 0.0
    for _ in range(20):
        worker = torture.start("worker", "--workers", "4", "--grace", "1")
        time.sleep(chance.uniform(0.1, 1.6))  # while it starts, claims, runs, or writes endings

        asked = worker.signal(signal.SIGTERM)

        assert worker.end() in {0, -signal.SIGTERM}  # the latter before the command has begun to listen
        slowest = max(slowest, time.monotonic() - asked)
        assert torture.rows("SELECT * FROM jobs WHERE status = 'processing'") == []
        assert torture.rows("SELECT * FROM workers") == []
    measured("slowest end", slowest, "s")
    assert slowest < 1 + 2
    torture.worker("--workers", "100")
    eventually(lambda: all_done(torture), within=60)
    assert_each_job_had_its_effect_once(torture)
