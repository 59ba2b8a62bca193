"""Rate limits: one for all processes, kept while other types run freely, waited for without computing."""

import time

import pytest

from bench.app import Echo, Noop, app
from tests.system import keyed_app
from tests.system.harness import Deployment, open_deployment
from tests.system.keyed_app import Move, overlaps
from tests.system.process import eventually, processor_seconds

pytestmark = [pytest.mark.slow, pytest.mark.system]

JOBS = 80
RATE = BURST = 20


def test_two_processes_keep_one_limit(bench: Deployment, measured):
    bench.enqueue(*[Noop()] * JOBS, app=app)
    workers = [bench.start("worker", "--rate", f"noop={RATE}/s:{BURST}") for _ in range(2)]
    for worker in workers:
        worker.until("worker started")
    busy, began = [processor_seconds(worker.pid) for worker in workers], time.monotonic()
    (free,) = bench.enqueue(Echo(), app=app)

    bench.until(free, "completed")
    assert bench.rows("SELECT count(*) > 20 FROM jobs WHERE type = 'noop' AND status = 'pending'") == [(1,)]
    eventually(lambda: not bench.rows("SELECT id FROM jobs WHERE status != 'completed'"))

    took = time.monotonic() - began
    shares = [(processor_seconds(w.pid) - b) / took for w, b in zip(workers, busy, strict=True)]
    measured("processor share of the busier worker while it waits", max(shares) * 100, "%")
    assert max(shares) < 0.5
    starts = sorted(row[0] for row in bench.rows("SELECT locked_at FROM jobs WHERE type = 'noop'"))
    measured("first start to last start", starts[-1] - starts[0], "s")
    assert 2.9 <= starts[-1] - starts[0] < 5
    most = max(sum(start <= other < start + 1 for other in starts) for start in starts)
    measured("most starts in a second", most, "jobs")
    assert most <= RATE + BURST
    assert len({row[0] for row in bench.rows("SELECT locked_by FROM jobs WHERE type = 'noop'")}) == 2


@pytest.fixture
def keyed(tmp_path):
    yield from open_deployment(tmp_path, "tests.system.keyed_app:app")


def test_two_processes_run_one_job_of_a_key_at_a_time(keyed: Deployment, measured):
    users, each = ["ada", "bob", "eve"], 25
    workers = [keyed.worker() for _ in range(2)]
    jobs = [Move(user=user, seconds=0.01) for _ in range(each) for user in users]
    began = time.monotonic()
    keyed.enqueue(*jobs, app=keyed_app.app)

    eventually(lambda: not keyed.rows("SELECT id FROM jobs WHERE status != 'completed'"))

    measured("jobs of each key a second", each / (time.monotonic() - began), "jobs/s")
    runs = keyed.notes("moved")
    assert len(runs) == len(jobs)
    assert overlaps(runs) == []
    assert {line["pid"] for line in runs} == {worker.pid for worker in workers}
    assert keyed.command("doctor").returncode == 0
