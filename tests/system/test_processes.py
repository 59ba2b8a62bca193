"""Several processes on one file: jobs start at once, idling costs little, the dead are replaced."""

import os
import signal
import statistics
import time

import pytest

from tests.system.harness import Deployment
from tests.system.process import eventually, processor_share
from tests.system.torture_app import Sleep, SleepOnce

pytestmark = [pytest.mark.slow, pytest.mark.system]


def test_what_the_site_enqueues_starts_at_once_in_a_worker_and_idling_costs_little(
    torture: Deployment, measured
):
    site = torture.site()
    workers = torture.start("worker", "--processes", "2")
    workers.until("worker started", 2)

    for number in range(60):
        answer = site.post("/admin/jobs", {"type": "echo", "payload": {"message": str(number)}})
        assert answer.status == 201
        torture.until_noted("start", answer.json["id"])

    created = dict(torture.rows("SELECT id, created_at FROM jobs"))
    latencies = [note["now"] - created[note["job"]] for note in torture.notes("start")]
    assert len(latencies) == 60
    measured("enqueue to start, median", statistics.median(latencies) * 1000, "ms")
    measured("enqueue to start, worst", max(latencies) * 1000, "ms")
    assert statistics.median(latencies) < 0.1
    share = processor_share([workers.pid, *workers.children], 3)
    measured("an idle worker's share of a processor", share * 100, "%")
    assert share < 0.05


def test_children_are_replaced_when_they_die_and_leave_when_their_parent_does(torture: Deployment, measured):
    (job,) = torture.enqueue(SleepOnce())
    workers = torture.start("worker", "--processes", "2")
    workers.until("worker started", 2)
    victim = torture.until_noted("start", job)["pid"]

    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()

    died = workers.until("worker process died")
    assert (died["pid"], died["code"]) == (victim, -signal.SIGKILL)
    again = torture.until_noted("start", job, times=2)
    measured("kill to start elsewhere", again["at"] - killed, "s")
    assert again["at"] - killed < 2
    workers.until("worker started", 3)
    children = workers.children
    assert len(children) == 2
    assert victim not in children

    (last,) = torture.enqueue(Sleep(seconds=0.5))
    torture.until_noted("start", last)
    workers.signal(signal.SIGKILL)

    eventually(lambda: not any(is_running(pid) for pid in children), why=lambda: workers.log)
    assert torture.status(last) == "completed"
    assert torture.rows("SELECT * FROM workers") == []


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
