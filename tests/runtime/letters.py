"""An application that runs letters in batches: the handler does with each what it says."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from runtime.app import App
from runtime.batch import BatchContext
from runtime.context import Context
from runtime.errors import Snooze
from runtime.job import Job
from runtime.model.retry import Retry


class Letter(Job, type="letter", max_attempts=3):
    """A job that says how it ends."""

    number: int = 0
    do: str = "return"


class Plain(Job, type="plain"):
    name: str = ""


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
        case "done":
            ctx.complete(job)
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
        case "stubborn":
            with trio.CancelScope(shield=True):
                await trio.sleep(30)
        case "leak a failure":
            trio.lowlevel.current_task().parent_nursery.start_soon(fail_later)
            await trio.sleep(1)
        case "failing child":
            ctx.nursery.start_soon(fail_later)


async def fail_later():
    await trio.sleep(0.1)
    raise RuntimeError("a child failed")


def refuse(_tx):
    raise LookupError("the write refused")


async def enqueue(letters, *does: str) -> list[int]:
    return await letters.queue.enqueue_many([Letter(number=number, do=do) for number, do in enumerate(does)])


async def details(letters, ids):
    return [await letters.queue.job(job_id) for job_id in ids]


async def statuses(letters, ids):
    return [detail.record.status for detail in await details(letters, ids)]


async def outcomes(letters, ids):
    return [[run.outcome for run in detail.history] for detail in await details(letters, ids)]
