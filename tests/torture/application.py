"""The application under torture: handlers whose effects can be counted, or that do what they should not.

Three kinds of effect tell how often a job really happened:

    rows of `effects`    written with the completion, so there must be exactly one for each job
    notes «guarded»      done behind `ctx.once`, so there must be one, but for a death right after it
    notes «start»        once for each run; what a kill makes run again has more
"""

import ctypes
import os
import signal
from typing import Literal

import trio

from runtime.app import App
from runtime.context import Context
from runtime.db.queries import Schema
from runtime.handlers import Handlers
from runtime.job import Job
from runtime.model.retry import Retry
from runtime.store.doctor import Invariant
from runtime.transaction import JobTransaction
from tests.system.torture_app import note
from tests.torture.misdeeds import MISDEEDS, Err, Misbehave

INVARIANTS = (
    Invariant("effects", "doubled_effects", "had their effect twice"),
    Invariant("lost effects", "completed_without_effect", "completed without their effect"),
    Invariant("effects of nothing", "effects_without_completion", "had their effect and did not complete"),
)
SCHEMAS = (Schema("torture", "tests.torture"),)

app = App("torture", schemas=SCHEMAS, invariants=INVARIANTS)
older = App("older", schemas=SCHEMAS, invariants=INVARIANTS)
"""A version of it that does not know every type yet."""
handlers = Handlers()


class Work(Job, type="work"):
    """Takes its time and has one effect."""

    name: str = ""
    seconds: float = 0.05


class Newer(Job, type="newer"):
    """A type that the older version does not know."""

    name: str = ""


class Every(Job, type="every"):
    """Enqueued by a schedule, each minute."""


class Kill(Job, type="kill"):
    """Takes its whole process down, each time."""

    how: Literal["abort", "exit", "segfault", "kill"] = "abort"


def record_effect(tx: JobTransaction, job_id: int) -> None:
    """The effect, in the transaction of the completion."""
    tx.run("insert_effect", job_id=job_id, now=tx.now)


@handlers.handler(retry=Retry(base=0.2, cap=1))
async def work(job: Work, ctx: Context) -> None:
    note("start", ctx, name=job.name)
    await trio.sleep(job.seconds)
    async with ctx.once(f"work:{ctx.job_id}") as first:
        if first:
            note("guarded", ctx, name=job.name)
    ctx.write(record_effect, ctx.job_id)
    note("end", ctx, name=job.name)


@handlers.handler(cron="* * * * *", missed="all", overlap="allow")
async def every(job: Every, ctx: Context) -> None:  # noqa: ASYNC124
    note("start", ctx)


@handlers.handler()
async def kill(job: Kill, ctx: Context) -> None:
    note("start", ctx, name=job.how)
    await trio.sleep(0.05)  # so that others run beside it
    match job.how:
        case "abort":
            os.abort()
        case "exit":
            os._exit(3)
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)


app.include(handlers)
older.include(handlers)


@app.handler()
async def newer(job: Newer, ctx: Context) -> None:  # noqa: ASYNC124
    note("start", ctx, name=job.name)


@app.handler(timeout=0.3)
async def misbehave(job: Misbehave, ctx: Context) -> None:
    note("start", ctx, name=job.how)
    await MISDEEDS[job.how](job, ctx)
    note("end", ctx, name=job.how)


@app.handler(timeout=30)
async def err(job: Err, ctx: Context) -> None:
    await misbehave(job, ctx)
