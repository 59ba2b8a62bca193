"""Rows: a queue with a past, a present or a future, made by SQL where enqueueing would take minutes."""

from runtime.app import App
from runtime.db.queries import Schema
from runtime.model.records import Status
from runtime.transaction import JobTransaction

AT_ONCE = 50_000
LATER = 365 * 86_400.0
"""Seconds until jobs are due that must not become due."""
EARLIER = 86_400.0
"""Seconds since jobs are due, or have ended, that are older than what is measured."""

filler = App("bench", schemas=(Schema("bench", "bench"),))
"""The bench's tables with the statements that fill them; it runs nothing."""


async def fill(url: str, job_type: str, status: Status, count: int) -> None:
    """Put `count` rows into a database.

    Pending ones stand in front of all others, completed ones ended a day ago, scheduled ones are a year off.
    """
    async with filler.open(url) as deployment:
        for start in range(0, count, AT_ONCE):
            await deployment.db.write_relaxed(_fill, job_type, status, min(AT_ONCE, count - start))


async def forget_completed(url: str, job_type: str) -> None:
    """Delete the completed jobs of a type."""
    async with filler.open(url) as deployment:
        await deployment.db.write_relaxed(_forget, job_type)


def _fill(tx: JobTransaction, job_type: str, status: Status, count: int) -> None:
    ids = tx.reserve_ids(count)
    tx.change(
        "fill_jobs",
        first=ids[0],
        last=ids[-1],
        type=job_type,
        status=status.value,
        attempts=int(status is Status.COMPLETED),
        moment=tx.now + (LATER if status is Status.SCHEDULED else -EARLIER),
        now=tx.now,
    )
    tx.count(job_type, status, count)


def _forget(tx: JobTransaction, job_type: str) -> None:
    tx.count(job_type, Status.COMPLETED, -tx.run("forget_completed", type=job_type))
