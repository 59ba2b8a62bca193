"""Context: what a handler sees of its attempt, and what it writes with its completion, now, or never."""

from dataclasses import dataclass, field

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import ConfigurationError, InvalidInput, InvalidPayload
from runtime.job import Job
from runtime.model.records import Status
from runtime.store.endings import rescue
from runtime.store.workers import last_beat
from runtime.surroundings import find_service
from runtime.testing import drain, open_testing, running_worker
from runtime.worker.options import WorkerOptions
from tests.runtime.obedient import Other


class Script(Job, type="script", max_attempts=3):
    """A job that runs what the test wrote."""

    text: str = ""


@dataclass
class Stage:
    """An application with one handler: the test's own function."""

    deployment: object
    handlers: list = field(default_factory=list)

    async def run(self, handler, seconds: float = 0.0):
        """Let `handler(ctx)` run as a job; its detail once it has ended."""
        self.handlers.append(handler)
        record = await self.deployment.queue.enqueue(Script())
        if seconds:
            async with running_worker(self.deployment):
                await trio.sleep(seconds)
        else:
            await drain(self.deployment)
        return await self.deployment.queue.job(record.id)


class Service:
    pass


class SpecialService(Service):
    pass


@pytest.fixture
async def stage(autojump_clock, path):
    app = App("stage")
    app.declare(Other)

    @app.handler()
    async def script(job: Script, ctx: Context) -> None:
        await made.handlers[-1](ctx)

    async with open_testing(app, path) as deployment:
        made = Stage(deployment)
        yield made


async def test_a_handler_sees_which_attempt_it_is(autojump_clock, stage):
    seen = []

    async def handler(ctx):
        seen.append((ctx.job_id, ctx.job_type, ctx.attempt, ctx.max_attempts, ctx.fence))
        raise LookupError

    detail = await stage.run(handler, seconds=60)

    assert seen == [(detail.record.id, "script", n, 3, n) for n in (1, 2, 3)]


async def test_an_interrupted_run_shares_its_number_with_the_next_but_not_its_fence(autojump_clock, stage):
    seen = []

    async def handler(ctx):
        seen.append((ctx.attempt, ctx.fence, ctx.worker))
        if len(seen) == 1:
            await trio.sleep_forever()

    stage.handlers.append(handler)
    await stage.deployment.queue.enqueue(Script())
    async with running_worker(stage.deployment, WorkerOptions(grace=0)) as first:
        await trio.sleep(1)
    async with running_worker(stage.deployment) as second:
        await trio.sleep(1)

    assert seen == [(1, 1, first.name), (1, 2, second.name)]


async def test_time_and_chance_are_the_deployments(autojump_clock, stage):
    seen = []

    async def handler(ctx):
        seen.append((ctx.now(), ctx.random))

    began = stage.deployment.clock.now()
    await stage.run(handler)

    assert seen == [(pytest.approx(began, abs=1), stage.deployment.random)]


async def test_reading_and_writing_now_are_transactions_of_their_own(autojump_clock, stage):
    enqueued = []

    async def handler(ctx):
        record = await ctx.write_now(lambda tx: tx.enqueue(Other(name="now")))
        enqueued.append(await ctx.read(lambda tx: tx.one("find_job", lambda *row: row[0], id=record.id)))
        raise LookupError("after the write")

    detail = await stage.run(handler)

    assert detail.history[0].outcome == "failed"
    assert (await stage.deployment.queue.job(enqueued[0])).record.type == "other"


async def test_what_is_written_and_enqueued_happens_with_the_completion_in_order(autojump_clock, stage):
    order = []

    async def handler(ctx):
        ctx.write(lambda tx, word: order.append((word, tx.now)), "first")
        ctx.enqueue(Other(name="child"), delay=60, priority=9)
        ctx.write(lambda tx: order.append(("last", tx.now)))
        await trio.sleep(5)
        assert order == []
        assert (await ctx.read(lambda tx: tx.all("read_counts", lambda *row: row[0]))) == ["script"]

    detail = await stage.run(handler)

    assert order == [("first", detail.record.completed_at), ("last", detail.record.completed_at)]
    (child,) = (await stage.deployment.queue.jobs(type="other")).items
    assert (child.status, child.priority) == (Status.SCHEDULED, 9)
    assert child.scheduled_at == detail.record.completed_at + 60


@pytest.mark.parametrize("how", ["raise", "time out", "cancel"])
async def test_an_attempt_that_does_not_complete_writes_nothing(autojump_clock, stage, how):
    async def handler(ctx):
        ctx.enqueue(Other(name="never"))
        if how == "raise":
            raise LookupError
        if how == "cancel":
            await stage.deployment.queue.cancel(ctx.job_id)
        await trio.sleep_forever()

    await stage.run(handler, seconds=400)

    assert (await stage.deployment.queue.jobs(type="other")).items == ()


async def test_an_attempt_that_lost_its_job_writes_nothing(autojump_clock, stage):
    async def handler(ctx):
        ctx.enqueue(Other(name="never"))
        if ctx.fence == 1:
            beat = await ctx.read(last_beat, ctx.worker)
            await ctx.write_now(rescue, ctx.worker, "taken for dead", beat)
        else:
            raise LookupError("the second run")

    detail = await stage.run(handler)

    assert (await stage.deployment.queue.jobs(type="other")).items == ()
    assert detail.history[0].outcome == "crashed"


async def test_what_cannot_be_enqueued_is_refused_where_the_handler_sees_it(autojump_clock, stage):
    refused = []

    async def handler(ctx):
        for job, options in [(Other(), {"delay": -1}), (Other(name="x" * 100_000), {}), (Job(), {})]:
            try:
                ctx.enqueue(job, **options)
            except (InvalidInput, ConfigurationError) as error:
                refused.append(type(error))

    detail = await stage.run(handler)

    assert refused == [InvalidInput, InvalidPayload, ConfigurationError]
    assert detail.record.status is Status.COMPLETED
    assert (await stage.deployment.queue.jobs(type="other")).items == ()


async def test_tasks_of_the_nursery_end_before_the_attempt_does(autojump_clock, stage):
    ended = []

    async def child():
        await trio.sleep(7)
        ended.append(trio.current_time())

    async def handler(ctx):
        ctx.nursery.start_soon(child)

    detail = await stage.run(handler)

    assert len(ended) == 1
    assert detail.record.completed_at - detail.record.locked_at == pytest.approx(7)


async def test_a_guarded_effect_is_done_once_over_jobs_and_attempts(autojump_clock, stage):
    effects = []

    async def handler(ctx):
        async with ctx.once("mail:1") as first:
            effects.append(first)
        raise LookupError("after the effect")

    await stage.run(handler, seconds=60)
    await stage.run(handler, seconds=60)

    assert effects == [True] + [False] * 5


async def test_an_effect_that_failed_is_not_taken_for_done(autojump_clock, stage):
    effects = []

    async def handler(ctx):
        async with ctx.once("mail:1") as first:
            effects.append(first)
            if len(effects) < 3:
                raise LookupError("before the effect")

    await stage.run(handler, seconds=60)

    assert effects == [True, True, True]


async def test_an_effect_done_as_the_attempt_is_cancelled_is_recorded_all_the_same(autojump_clock, stage):
    effects = []

    async def handler(ctx):
        async with ctx.once("mail:1") as first:
            effects.append(first)
            ctx.nursery.cancel_scope.cancel()

    await stage.run(handler)
    await stage.run(handler)

    assert effects == [True, False]


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_of_once_has_a_sensible_length(autojump_clock, stage, key):
    async def handler(ctx):
        async with ctx.once(key):
            pass

    detail = await stage.run(handler)

    assert "InvalidInput" in detail.record.last_error


def test_a_service_is_found_by_its_class_or_one_above_it():
    service, special = Service(), SpecialService()

    assert find_service({SpecialService: special, Service: service}, Service) is service
    assert find_service({SpecialService: special}, Service) is special
    with pytest.raises(ConfigurationError, match="no service of class SpecialService"):
        find_service({Service: service}, SpecialService)
