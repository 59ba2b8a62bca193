"""Batches: many jobs in one call, each with an ending of its own; in virtual time, on both databases."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import trio

from runtime.app import App
from runtime.batch import BatchContext
from runtime.context import Context
from runtime.errors import Snooze
from runtime.job import Job
from runtime.model.records import Status
from runtime.model.retry import Retry
from runtime.testing import alone, drain, open_testing, running_worker
from runtime.worker.options import WorkerOptions

ONE = replace(alone(), workers=1)


class Letter(Job, type="letter", max_attempts=3):
    """A job that says how it ends."""

    number: int = 0
    do: str = "return"


class Plain(Job, type="plain"):
    name: str = ""


class Quick(Job, type="quick"):
    number: int = 0


@dataclass
class Calls:
    """What was called with which jobs, and when."""

    made: list[tuple[float, list[int]]] = field(default_factory=list)
    plain: list[tuple[float, str]] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> list[int]:
        return [len(numbers) for _, numbers in self.made]

    @property
    def moments(self) -> list[float]:
        return [at for at, _ in self.made]


def make_app(size=100, wait=0.5, **options) -> App:
    @asynccontextmanager
    async def services(deployment):
        yield [Calls()]

    app = App("letters", services=services)

    @app.batch_handler(size=size, wait=wait, timeout=10, retry=Retry(base=10, jitter=0), **options)
    async def send(jobs: Sequence[Letter], ctx: BatchContext) -> None:
        calls = ctx.service(Calls)
        calls.made.append((trio.current_time(), [job.number for job in jobs]))
        for job in jobs:
            await obey(job, ctx)
        for job in jobs:
            if job.do == "raise":
                raise ValueError("the whole call")
            if job.do == "sleep":
                await sleep(calls, 60)

    @app.handler()
    async def plain(job: Plain, ctx: Context) -> None:
        ctx.service(Calls).plain.append((trio.current_time(), job.name))
        await trio.sleep(0.01)

    return app


async def sleep(calls, seconds):
    try:
        await trio.sleep(seconds)
    except trio.Cancelled:
        calls.ends.append("cancelled")
        raise
    calls.ends.append("slept")


async def obey(job, ctx):
    match job.do:
        case "fail":
            ctx.fail(job, ValueError(f"no {job.number}"))
        case "fail once":
            if ctx.of(job).attempt == 1:
                ctx.fail(job, "not yet")
        case "discard":
            ctx.discard(job, "not worth it")
        case "snooze":
            if ctx.now() < 1_767_225_600 + 100:
                ctx.snooze(job, 60)
        case "cancel":
            ctx.cancel(job, "changed my mind")
        case "complete":
            ctx.complete(job, {"number": job.number})
        case "item":
            with ctx.item(job):
                raise KeyError(job.number)
        case "item snooze":
            with ctx.item(job):
                raise Snooze(60)
        case "long item":
            with ctx.item(job):
                await sleep(ctx.service(Calls), 5)
        case "child":
            with ctx.item(job) as own:
                own.enqueue(Plain(name=f"of {job.number}"))
        case "child and fail":
            ctx.of(job).enqueue(Plain(name=f"of {job.number}"))
            ctx.fail(job, "no child")
        case "write":
            ctx.enqueue(Plain(name="of all"))
        case "bad write":
            ctx.enqueue(Plain(name="never"))
            ctx.write(refuse)
        case "failing child":
            ctx.nursery.start_soon(fail_later)


async def fail_later():
    await trio.sleep(0.1)
    raise RuntimeError("a child failed")


def refuse(_tx):
    raise LookupError("the write refused")


@pytest.fixture
def options():
    return {}


@pytest.fixture
async def deployment(autojump_clock, place, options):
    async with open_testing(make_app(**options), place) as opened:
        yield opened


@pytest.fixture
def calls(deployment) -> Calls:
    return deployment.service(Calls)


async def enqueue(deployment, *does: str) -> list[int]:
    return await deployment.queue.enqueue_many(
        [Letter(number=number, do=do) for number, do in enumerate(does)]
    )


async def details(deployment, ids):
    return [await deployment.queue.job(job_id) for job_id in ids]


async def statuses(deployment, ids):
    return [detail.record.status for detail in await details(deployment, ids)]


async def outcomes(deployment, ids):
    return [[run.outcome for run in detail.history] for detail in await details(deployment, ids)]


async def test_of_many_jobs_exactly_the_bad_ones_fail(autojump_clock, deployment, calls):
    jobs = 10_000
    bad = set(range(0, jobs, 37))
    ids = await enqueue(deployment, *("fail" if number in bad else "return" for number in range(jobs)))

    await drain(deployment)

    assert calls.sizes == [100] * (jobs // 100)
    assert sorted(number for _, numbers in calls.made for number in numbers) == list(range(jobs))
    stats = await deployment.queue.stats()
    assert (stats.completed, stats.scheduled) == (jobs - len(bad), len(bad))
