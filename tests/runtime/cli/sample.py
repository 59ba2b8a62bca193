"""A small application for the command's tests: one job type for each thing a command shows."""

from contextlib import asynccontextmanager

import structlog
import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import Discard
from runtime.job import Job
from runtime.per_key import PerKey

app = App("sample")


class Greet(Job, type="greet"):
    """Done at once."""

    name: str = "you"


class Doomed(Job, type="doomed"):
    """Fails for good, saying what it is told."""

    say: str = "no good"


class Limited(Job, type="limited"):
    """Has a rate limit of its own."""


class Nightly(Job, type="nightly"):
    """Enqueued by a schedule."""


class Slow(Job, type="slow"):
    """Says when it runs, then waits."""

    seconds: float = 60.0


class Draw(Job, type="draw"):
    """Says how far it is, and returns something."""


@app.handler()
async def draw(_job: Draw, ctx: Context) -> dict[str, int]:
    ctx.progress(1, "page 2")
    ctx.log("little ink", "warning")
    return {"pages": 2}


@app.handler(per_key=PerKey[Greet](lambda job: job.name))
async def greet(job: Greet) -> None:
    pass


@app.handler()
async def doomed(job: Doomed) -> None:  # noqa: ASYNC124
    raise Discard(job.say)


@app.handler(rate="120/m:10")
async def limited(job: Limited) -> None:
    pass


@app.handler(cron="0 3 * * *", timezone="Europe/Berlin")
async def nightly(job: Nightly) -> None:
    pass


@app.handler()
async def slow(job: Slow, ctx: Context) -> None:
    structlog.stdlib.get_logger("sample").info("slow job runs", job=ctx.job_id)
    await trio.sleep(job.seconds)


@asynccontextmanager
async def _services_with_a_mistake(_deployment):
    raise ZeroDivisionError("a mistake\n\x1b[31mof the application")
    yield ()


mistaken = App("mistaken", services=_services_with_a_mistake)
