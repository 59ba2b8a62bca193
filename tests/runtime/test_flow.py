"""Flows: laid out as they are said, and run so."""

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import Discard, InvalidInput
from runtime.flow import Chain, Group, chain, group, plan, step
from runtime.job import Job
from runtime.model.composition import WorkflowState
from runtime.model.records import Status
from runtime.testing import alone, drain, open_testing, running_worker


class Add(Job, type="add"):
    """Returns its number and all that it was handed."""

    number: int = 0
    breaks: bool = False
    adds: int = 0
    """Jobs that it adds, for which its dependants wait."""


class Wait(Job, type="wait_for_ever"):
    """Until it is cancelled."""


def make_app() -> App:
    app = App("flows")

    @app.handler()
    async def add(job: Add, ctx: Context) -> int:
        handed = [result.value for result in await ctx.results()]
        if job.breaks:
            raise Discard("told to")
        for number in range(job.adds):
            ctx.enqueue(Add(number=number + 1), awaited=True)
        return job.number + sum(value for value in handed if isinstance(value, int))

    @app.handler()
    async def wait_for_ever(job: Wait, ctx: Context) -> None:
        await trio.sleep_forever()

    return app


@pytest.fixture
async def opened(place, autojump_clock):
    """The test must take `autojump_clock` too."""
    async with open_testing(make_app(), place) as deployment:
        yield deployment


async def first_status(opened, workflow) -> Status:
    return (await opened.queue.workflow_jobs(workflow.id)).items[0].status


def laid_out(flow: Chain | Group) -> list[tuple[int, ...]]:
    return list(plan(flow, 0.0).parents)


def test_a_chain_is_one_after_the_other_and_a_group_side_by_side():
    assert laid_out(chain(Add(), Add(), Add())) == [(), (0,), (1,)]
    assert laid_out(group(Add(), Add())) == [(), ()]
    assert laid_out(chain(Add(), group(Add(), chain(Add(), Add())), Add())) == [(), (0,), (0,), (2,), (1, 3)]


def test_what_is_empty_is_passed_over():
    assert laid_out(chain(Add(), group(), chain(), Add())) == [(), (0,)]
    with pytest.raises(InvalidInput, match="at least one job"):
        plan(chain(group()), 0.0)


def test_a_flow_that_is_too_deep_is_refused():
    flow = chain(Add())
    for _ in range(60):
        flow = chain(flow)
    with pytest.raises(InvalidInput, match="deep"):
        plan(flow, 0.0)


def test_a_step_has_options_of_its_own():
    first, second = plan(chain(Add(), step(Add(), delay=60, priority=9, on_failure="run")), 100.0).jobs
    assert (first.scheduled_at, first.on_failure) == (100.0, "cancel")
    assert (second.scheduled_at, second.priority, second.on_failure) == (160.0, 9, "run")


def test_a_deadline_of_the_whole_is_that_of_each_job_that_states_none():
    flow = chain(Add(), step(Add(), deadline=150.0), step(Add(), deadline=None), step(Add(), done_within=5))
    assert [job.end_by for job in plan(flow, 100.0, deadline=200.0).jobs] == [200.0, 150.0, None, 105.0]
    assert [job.end_by for job in plan(flow, 100.0, done_within=90).jobs] == [190.0, 150.0, None, 105.0]
    with pytest.raises(InvalidInput, match="deadline"):
        plan(flow, 100.0, deadline=200.0, done_within=90)


async def test_a_diamond_hands_its_results_on(opened, autojump_clock):
    flow = chain(Add(number=1), group(Add(number=10), Add(number=100)), Add(number=1000))
    workflow = await opened.queue.enqueue(flow, name="diamond")
    assert (workflow.name, workflow.total, workflow.state) == ("diamond", 4, WorkflowState.RUNNING)

    await drain(opened)

    done = await opened.queue.workflow(workflow.id)
    assert (done.state, done.completed, done.progress) == (WorkflowState.COMPLETED, 4, 1.0)
    members = (await opened.queue.workflow_jobs(workflow.id)).items
    assert await opened.queue.result(members[-1].id, int) == 1000 + 2 * 1 + 10 + 100
    detail = await opened.queue.job(members[-1].id)
    assert [parent.id for parent in detail.parents] == [members[1].id, members[2].id]
    assert detail.workflow_id == workflow.id


async def test_a_failing_branch_cancels_what_needs_it_and_no_more(opened, autojump_clock):
    flow = chain(
        group(chain(Add(breaks=True), Add(number=1)), chain(Add(number=2), Add(number=3))),
        group(Add(number=4), step(Add(number=5), on_failure="run")),
    )
    workflow = await opened.queue.enqueue(flow)

    await drain(opened)

    statuses = [job.status for job in (await opened.queue.workflow_jobs(workflow.id)).items]
    assert statuses == [
        Status.FAILED, Status.CANCELLED,
        Status.COMPLETED, Status.COMPLETED,
        Status.CANCELLED, Status.COMPLETED,
    ]  # fmt: skip
    assert (await opened.queue.workflow(workflow.id)).state is WorkflowState.FAILED


async def test_jobs_added_by_a_running_one_are_waited_for(opened, autojump_clock):
    workflow = await opened.queue.enqueue(chain(Add(number=10, adds=3), Add()))

    await drain(opened)

    done = await opened.queue.workflow(workflow.id)
    assert (done.state, done.total) == (WorkflowState.COMPLETED, 5)
    last = (await opened.queue.workflow_jobs(workflow.id)).items[1]
    assert await opened.queue.result(last.id, int) == 10 + 1 + 2 + 3


async def test_a_workflow_is_cancelled_as_a_whole_and_begun_anew(opened, autojump_clock):
    workflow = await opened.queue.enqueue(chain(Wait(), Add(), group(Add(), Add())))
    async with running_worker(opened, alone()):
        while await first_status(opened, workflow) is not Status.PROCESSING:  # noqa: ASYNC110 - virtual time
            await trio.sleep(0.1)
        await opened.queue.cancel_workflow(workflow.id)
        with trio.fail_after(3):
            while (found := await opened.queue.workflow(workflow.id)).unfinished:  # noqa: ASYNC110 - the same
                await trio.sleep(0.1)
    assert (found.state, found.cancelled) == (WorkflowState.CANCELLED, 4)

    again = await opened.queue.retry_workflow(workflow.id)

    assert (again.state, again.unfinished) == (WorkflowState.RUNNING, 4)
    statuses = [job.status for job in (await opened.queue.workflow_jobs(workflow.id)).items]
    assert statuses == [Status.PENDING] + [Status.BLOCKED] * 3
