"""Health: for people and monitors (`/health`), for supervisors (`/livez`, `/readyz`)."""

from typing import Literal

from quart import Blueprint

from runtime.errors import DatabaseError
from runtime.model.records import QueueStats, Status, TypeStatus, WorkerRecord
from web.api.shapes import Shape
from web.operations import Reply, operation
from web.site import site

blueprint = Blueprint("health", __name__)

MOST_PENDING = 1000
OLDEST_PENDING = 30 * 60.0
"""Seconds."""
MOST_DEAD_LETTERS = 10


class Check(Shape):
    """One thing that was looked at."""

    status: Literal["up", "warning", "down"]
    message: str | None = None


class Checks(Shape):
    """Everything that was looked at."""

    database: Check
    job_queue: Check
    workers: Check


class Health(Shape):
    """How the application is."""

    status: Literal["ok", "degraded", "unhealthy"]
    checks: Checks


class Probe(Shape):
    """The answer to a supervisor."""

    status: Literal["ok", "unavailable"]
    reason: str | None = None


@blueprint.get("/health")
@operation(public=True, more_statuses=(503,))
async def health() -> Reply[Health]:
    """How the application is.

    `degraded`: it works, but somebody should look. `unhealthy`, with status 503: the database is down.
    """
    try:
        stats, types, workers = (
            await site().queue.stats(),
            await site().queue.types(),
            await site().queue.workers(),
        )
    except DatabaseError:
        unknown = Check(status="warning", message="not known")
        down = Check(status="down", message="the database cannot be read")
        checks = Checks(database=down, job_queue=unknown, workers=unknown)
        return Reply(Health(status="unhealthy", checks=checks), status=503)
    checks = Checks(
        database=Check(status="up"), job_queue=judge_queue(stats, types), workers=judge_workers(workers)
    )
    good = all(check.status == "up" for check in (checks.database, checks.job_queue, checks.workers))
    return Reply(Health(status="ok" if good else "degraded", checks=checks))


@blueprint.get("/livez")
@operation(public=True)
async def livez() -> Probe:  # noqa: ASYNC124 - Quart runs plain functions in threads
    """Whether the process answers."""
    return Probe(status="ok")


@blueprint.get("/readyz")
@operation(public=True, more_statuses=(503,))
async def readyz() -> Reply[Probe]:
    """Whether the process can take work: the database takes writes, its schema fits, no shutdown."""
    reason = "shutting down" if site().stopping.is_set() else await site().readiness.trouble()
    if reason is not None:
        return Reply(Probe(status="unavailable", reason=reason), status=503)
    return Reply(Probe(status="ok"))


def judge_queue(stats: QueueStats, types: list[TypeStatus]) -> Check:
    """Whether the queue keeps up, and in what it does not."""
    oldest = stats.oldest_pending_seconds or 0.0
    unknown = [known.type for known in types if not known.known and known.counts.get(Status.PENDING)]
    complaints = [
        f"{stats.pending} jobs are pending" if stats.pending > MOST_PENDING else "",
        f"the oldest pending job has waited {oldest / 60:.0f} minutes" if oldest > OLDEST_PENDING else "",
        f"{stats.unreviewed_dead_letters} dead letters are not reviewed"
        if stats.unreviewed_dead_letters > MOST_DEAD_LETTERS
        else "",
        f"no worker knows the type of pending jobs: {', '.join(unknown)}" if unknown else "",
    ]
    message = "; ".join(complaint for complaint in complaints if complaint)
    return Check(status="warning" if message else "up", message=message or None)


def judge_workers(workers: list[WorkerRecord]) -> Check:
    """Whether anybody runs jobs."""
    alive = [worker for worker in workers if worker.alive and not worker.stopping]
    silent = sum(not worker.alive for worker in workers)
    if not alive:
        return Check(status="warning", message="no worker is running")
    if silent:
        return Check(status="warning", message=f"{len(alive)} running, {silent} silent")
    return Check(status="up", message=f"{len(alive)} running")
