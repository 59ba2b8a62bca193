"""An application whose handlers do what their jobs say: one handler for every ending."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import Cancel, Discard, Snooze
from runtime.job import Job
from runtime.model.records import Priority
from runtime.model.retry import Retry


class Obey(Job, type="obey"):
    """A job that says how its attempt ends."""

    do: str = "return"
    name: str = ""
    seconds: float = 0.0


class Other(Job, type="other", priority=Priority.LOW, max_attempts=2):
    name: str = ""


class Limited(Job, type="limited"):
    name: str = ""


class Declared(Job, type="declared"):
    """A type that nothing here runs."""

    number: int


@dataclass
class Diary:
    """What the handlers did, and when."""

    starts: list[tuple[str, float]] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)
    blocked: trio.Event = field(default_factory=trio.Event)
    release: trio.Event = field(default_factory=trio.Event)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.starts]


async def obey(job: Obey, ctx: Context) -> None:
    diary = ctx.service(Diary)
    diary.starts.append((job.name, ctx.now()))
    match job.do:
        case "return":
            pass
        case "sleep":
            try:
                await trio.sleep(job.seconds)
            except trio.Cancelled:
                diary.ends.append((job.name, "cancelled"))
                raise
            diary.ends.append((job.name, "slept"))
        case "wait":
            diary.blocked.set()
            await diary.release.wait()
        case "fail":
            raise ValueError("told to fail")
        case "fail once":
            if ctx.attempt == 1:
                raise ValueError("told to fail once")
        case "exit":
            raise SystemExit(3)
        case "group":
            raise ExceptionGroup("many", [ValueError("one"), KeyError("two")])
        case "swallow":
            with trio.CancelScope() as own:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:
                    own.cancel()
        case "children":
            for number in range(3):
                ctx.nursery.start_soon(_child, diary, f"{job.name}.{number}", job.seconds)
        case "failing child":
            ctx.nursery.start_soon(_failing_child)
            await trio.sleep(job.seconds)
        case "leak":
            _leak(_child, diary, "leaked", job.seconds)
        case "leak a failure":
            _leak(_failing_child)
            await trio.sleep(1)
        case "discard":
            raise Discard("not worth it")
        case "cancel":
            raise Cancel("changed my mind")
        case "snooze":
            if ctx.now() < ctx.service(float) + 100:
                raise Snooze(60)
        case "write":
            ctx.enqueue(Other(name=f"child of {job.name}"))
        case "bad write":
            ctx.enqueue(Other(name="never"))
            ctx.write(_refuse)
        case "once":
            async with ctx.once(job.name) as first:
                diary.ends.append((job.name, "first" if first else "again"))
            if ctx.attempt == 1:
                raise ValueError("after the effect")
        case _:
            raise AssertionError(job.do)


async def _child(diary: Diary, name: str, seconds: float) -> None:
    try:
        await trio.sleep(seconds)
    except trio.Cancelled:
        diary.ends.append((name, "cancelled"))
        raise
    diary.ends.append((name, "slept"))


async def _failing_child() -> None:
    await trio.sleep(0.1)
    raise RuntimeError("a child failed")


def _leak(fn, *args) -> None:
    nursery = trio.lowlevel.current_task().parent_nursery
    assert nursery is not None
    nursery.start_soon(fn, *args)


def _refuse(_tx) -> None:
    raise LookupError("the write refused")


def make_app() -> App:
    @asynccontextmanager
    async def services(deployment):
        yield [Diary(), deployment.clock.now()]

    app = App("obedient", services=services)
    app.handler(timeout=10, retry=Retry(base=10, factor=2, cap=1000, jitter=0.25))(obey)

    @app.handler()
    async def other(job: Other, ctx: Context) -> None:
        ctx.service(Diary).starts.append((job.name, ctx.now()))

    @app.handler(rate="2/s:2")
    async def limited(job: Limited, ctx: Context) -> None:
        ctx.service(Diary).starts.append((job.name, ctx.now()))

    app.declare(Declared)
    return app
