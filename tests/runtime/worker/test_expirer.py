"""Deadlines at work: the expirer sleeps until the next; time limits, retries and children keep them."""

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.records import Status
from runtime.model.retry import Retry
from runtime.testing import open_testing, running_worker
from tests.runtime.obedient import Declared, Obey


class Parent(Job, type="parent"):
    """Says what it knows of its deadline, and enqueues children."""


class Child(Job, type="child"):
    name: str


async def job(deployment, record):
    return await deployment.queue.job(record.id)


async def test_a_job_that_nobody_starts_is_cancelled_when_its_moment_comes(autojump_clock, deployment):
    async with running_worker(deployment):
        await trio.sleep(10)
        late = await deployment.queue.enqueue(Declared(number=1), expires=20)
        soon = await deployment.queue.enqueue(Obey(), delay=30, done_within=5.5)  # wakes it earlier
        await trio.sleep(5.4)
        assert (await job(deployment, soon)).record.status is Status.SCHEDULED
        await trio.sleep(0.2)
        assert (await job(deployment, soon)).record.status is Status.CANCELLED
        await trio.sleep(14.5)

    record = (await job(deployment, late)).record
    assert record.status is Status.CANCELLED
    assert record.completed_at == pytest.approx(record.created_at + 20, abs=0.01)


async def test_an_attempt_has_what_is_left_until_the_deadline_and_no_other_follows(
    autojump_clock, deployment, diary
):
    record = await deployment.queue.enqueue(Obey(do="sleep", name="a", seconds=100), done_within=4)
    async with running_worker(deployment):
        await trio.sleep(50)

    detail = await job(deployment, record)
    assert diary.ends == [("a", "cancelled")]
    assert detail.record.status is Status.FAILED
    [run] = detail.history
    assert run.outcome == "timed_out"
    assert run.ended_at - run.started_at == pytest.approx(4, abs=0.02)


async def test_retries_are_made_while_there_is_time(autojump_clock, deployment, diary):
    # The retry comes after about ten seconds, the one after it would come too late.
    record = await deployment.queue.enqueue(Obey(do="fail", name="a"), done_within=20)
    async with running_worker(deployment):
        await trio.sleep(100)

    detail = await job(deployment, record)
    assert (detail.record.status, len(detail.history)) == (Status.FAILED, 2)


async def test_a_snooze_beyond_the_deadline_ends_at_the_deadline(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="snooze"), done_within=30)
    async with running_worker(deployment):
        await trio.sleep(100)

    detail = await job(deployment, record)
    assert detail.record.status is Status.CANCELLED
    assert "not done by" in detail.record.last_error


async def test_the_budget_flows_on_to_children_and_to_what_is_awaited(autojump_clock, place):
    app, seen = App("budgets"), []

    @app.handler(retry=Retry(base=1))
    async def parent(_job: Parent, ctx: Context) -> None:
        seen.append((ctx.deadline, trio.current_effective_deadline() - trio.current_time()))
        ctx.enqueue(Child(name="inherits"), delay=1)
        ctx.enqueue(Child(name="states"), done_within=7)
        ctx.enqueue(Child(name="free"), deadline=None)

    app.declare(Child)
    async with open_testing(app, place) as deployment:
        record = await deployment.queue.enqueue(Parent(), done_within=60)
        async with running_worker(deployment):
            await trio.sleep(1)
        children = (await deployment.queue.jobs(type="child")).items
        limits = {
            Child.parse(child.payload).name: (await job(deployment, child)).end_by for child in children
        }

    [(deadline, left)] = seen
    assert deadline == pytest.approx(record.created_at + 60)
    assert 59 < left <= 60.1
    assert limits["inherits"] == pytest.approx(deadline)
    assert limits["states"] == pytest.approx(record.created_at + 7, abs=0.1)
    assert limits["free"] is None
