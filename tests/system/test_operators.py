"""What operators see and do, from another process: the order of starts, and the cancelling of what runs."""

import time

import pytest

from runtime.model.records import Priority
from tests.system.harness import Deployment
from tests.system.process import eventually
from tests.system.torture_app import Children, Echo

pytestmark = [pytest.mark.slow, pytest.mark.system]


def test_one_runner_starts_jobs_by_priority_and_then_in_the_order_they_came(torture: Deployment):
    expected = []
    for round_ in ("first", "second"):
        for priority in (Priority.LOW, Priority.CRITICAL, Priority.NORMAL, Priority.HIGH):
            jobs = torture.enqueue(*[Echo(message=f"{round_} {priority.name}")] * 2, priority=priority)
            expected += [(-priority, job) for job in jobs]

    worker = torture.start("worker", "--workers", "1", "--drain")

    assert worker.end() == 0
    assert [note["job"] for note in torture.notes("start")] == [job for _, job in sorted(expected)]


def test_a_running_job_is_cancelled_from_another_process_within_a_second(torture: Deployment, measured):
    (job,) = torture.enqueue(Children(count=3))
    torture.worker()
    torture.until_noted("start", job, times=4)

    torture.start("jobs", "cancel", str(job))
    eventually(
        lambda: torture.rows("SELECT cancel_requested FROM jobs WHERE cancel_requested OR completed_at")
    )
    asked = time.monotonic()

    torture.until(job, "cancelled")
    ended = time.monotonic()
    notes = torture.notes("cancelled", job)
    measured("request stored to handler cancelled", max(note["at"] for note in notes) - asked, "s")
    assert {note["name"] for note in notes} == {"parent", "child 0", "child 1", "child 2"}
    assert ended - asked < 1
    assert torture.outcomes(job) == ["cancelled"]
