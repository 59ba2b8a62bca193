"""Overseer: cancels running jobs that an operator wants cancelled, and reports those that ignore it.

Ended by cancellation, after the jobs.
"""

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.model.outcomes import Cancelled
from runtime.model.records import ClaimedJob
from runtime.store.claims import release
from runtime.store.requests import cancel_requests
from runtime.store.subjects import CONTROL
from runtime.worker.attempt import Attempt
from runtime.worker.pool import Pool
from runtime.worker.wakeup import Wakeup

PATIENCE = 5.0
"""Seconds that a cancelled handler may clean up before it is reported."""


async def run_overseer(deployment: Deployment, worker: str, pool: Pool, poll: float) -> None:
    """Watch over what runs, twice a poll: a wake-up may be lost, and a cancel must arrive within a second."""
    wake = Wakeup()
    stop_listening = deployment.database.listen(lambda subjects: wake.set() if CONTROL in subjects else None)
    try:
        while True:
            await wake.wait(poll / 2)
            if pool.running or not pool.gathering.empty:
                await _cancel_requested(deployment, worker, pool)
                for attempt in pool.running:
                    _report_stubborn(deployment, attempt)
    finally:
        stop_listening()


async def _cancel_requested(deployment: Deployment, worker: str, pool: Pool) -> None:
    try:
        requests = await deployment.database.read(cancel_requests, worker)
    except DatabaseError as error:
        deployment.events.database_trouble("overseer", str(error), 0)
        return
    for job_id, claims in requests:
        attempt = pool.find(job_id, claims)
        if attempt is not None:
            attempt.cancel(Cancelled("by an operator"))
        elif (suspect := pool.withdraw(job_id, claims)) is not None:
            await _release(deployment, worker, pool, suspect)


async def _release(deployment: Deployment, worker: str, pool: Pool, job: ClaimedJob) -> None:
    """Let go of a job that waits to run alone: it ends as cancelled."""
    try:
        await deployment.database.write_relaxed(release, worker, [job])
    except DatabaseError as error:
        pool.give([job])
        deployment.events.database_trouble("overseer", str(error), 0)


def _report_stubborn(deployment: Deployment, attempt: Attempt) -> None:
    seconds = trio.current_time() - min(attempt.deadline, attempt.cancelled_at)
    if attempt.scope.cancel_called and seconds > PATIENCE and not attempt.reported:
        attempt.reported = True
        deployment.events.handler_ignores_cancellation(attempt.job, seconds, stack_of(attempt.task))


def stack_of(task: trio.lowlevel.Task) -> str:
    """Where a task waits, and where its children do."""
    frames = (
        f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{line})"
        for frame, line in task.iter_await_frames()
    )
    children = (child for nursery in task.child_nurseries for child in nursery.child_tasks)
    return " > ".join(frames) + "".join(f"\n{child.name}: {stack_of(child)}" for child in children)
