"""The overseer: an operator's cancel reaches what runs though wake-ups get lost; the stubborn are told of."""

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.lifecycle import SUSPICION
from runtime.model.records import Status
from runtime.store.claims import claim
from runtime.store.endings import rescue
from runtime.store.selection import ClaimRequest
from runtime.testing import alone, open_testing, running_worker
from runtime.worker.options import WorkerOptions
from runtime.worker.overseer import PATIENCE, stack_of
from tests.runtime.obedient import Obey
from tests.runtime.worker.trouble import Memory, troubled

POLL = 1.0


def ask_silently(tx, job_id):
    """Request a cancellation, its announcement being lost."""
    tx.run("request_cancel", id=job_id, now=tx.now)


def enqueue_suspect(tx):
    """Two workers have died with it already."""
    record = tx.enqueue(Obey(name="suspect"), priority=100)
    for _ in range(SUSPICION):
        request = ClaimRequest(
            worker="w", types=frozenset({"obey"}), free=1, most=1, min_priority=100, max_priority=100, aging=0
        )
        claim(tx, request)
        rescue(tx, "w", "died", None)
    return record


async def status(deployment, job_id) -> Status:
    return (await deployment.queue.job(job_id)).record.status


async def test_a_cancel_that_is_announced_is_carried_out_at_once(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))
    async with running_worker(deployment, alone()):
        await trio.sleep(1)
        await deployment.queue.cancel(record.id)
        await trio.sleep(0.01)
        assert await status(deployment, record.id) is Status.CANCELLED


async def test_one_whose_announcement_is_lost_is_found_within_half_a_poll(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))
    async with running_worker(deployment, WorkerOptions(poll=POLL)):
        await trio.sleep(1.1)
        await deployment.db.write(ask_silently, record.id)
        await trio.sleep(POLL / 2 + 0.01)
        assert await status(deployment, record.id) is Status.CANCELLED


async def test_a_job_that_waits_to_run_alone_is_cancelled_without_running(autojump_clock, deployment, diary):
    await deployment.queue.enqueue(Obey(do="sleep", seconds=9, name="company"))
    async with running_worker(deployment):
        await trio.sleep(1)
        suspect = await deployment.db.write(enqueue_suspect)
        await trio.sleep(1)
        assert await status(deployment, suspect.id) is Status.PROCESSING

        await deployment.queue.cancel(suspect.id)
        await trio.sleep(0.01)

        assert await status(deployment, suspect.id) is Status.CANCELLED
    assert diary.names == ["company"]


async def test_only_what_is_to_be_cancelled_is(autojump_clock, deployment):
    unwanted = await deployment.queue.enqueue(Obey(do="sleep", seconds=5))
    wanted = await deployment.queue.enqueue(Obey(do="sleep", seconds=5))
    async with running_worker(deployment):
        await trio.sleep(1)
        await deployment.queue.cancel(unwanted.id)
        await trio.sleep(5)

    assert await status(deployment, unwanted.id) is Status.CANCELLED
    assert await status(deployment, wanted.id) is Status.COMPLETED


async def test_trouble_with_the_database_delays_a_cancel_and_no_more(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))
    held = troubled(deployment, "cancel_requests", times=4)
    async with running_worker(held, WorkerOptions(poll=POLL)):
        await trio.sleep(0.1)
        await deployment.db.write(ask_silently, record.id)
        await trio.sleep(6 * POLL / 2)
        assert await status(deployment, record.id) is Status.CANCELLED

    assert [piece for piece, *_ in held.events.told("database_trouble")] == ["overseer"] * 4


class Stubborn(Job, type="stubborn"):
    seconds: float


@pytest.fixture
async def stubborn(autojump_clock, path):
    """An application whose handler goes on for a while although it is cancelled."""
    app = App("stubborn")

    async def hold_on(seconds):
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)

    @app.handler(timeout=10)
    async def run(job: Stubborn, ctx: Context) -> None:
        ctx.nursery.start_soon(hold_on, job.seconds)

    async with open_testing(app, path) as deployment:
        yield troubled(deployment, times=0)


async def test_a_handler_that_ignores_its_timeout_is_reported_once_with_its_stack(autojump_clock, stubborn):
    record = await stubborn.queue.enqueue(Stubborn(seconds=60))
    async with running_worker(stubborn, WorkerOptions(poll=POLL)):
        await trio.sleep(10 + PATIENCE - 0.1)
        assert stubborn.events.told("handler_ignores_cancellation") == []
        await trio.sleep(POLL)
        ((job, seconds, stack),) = stubborn.events.told("handler_ignores_cancellation")
        await trio.sleep(50)

    assert job.id == record.id
    assert seconds == pytest.approx(PATIENCE, abs=POLL)
    assert "hold_on" in stack
    assert len(stubborn.events.told("handler_ignores_cancellation")) == 1


async def test_one_that_ignores_an_operator_counts_from_when_it_was_asked(autojump_clock, stubborn):
    record = await stubborn.queue.enqueue(Stubborn(seconds=9.5))
    async with running_worker(stubborn, WorkerOptions(poll=POLL)):
        await trio.sleep(2)
        await stubborn.queue.cancel(record.id)
        await trio.sleep(PATIENCE - 0.1)
        assert stubborn.events.told("handler_ignores_cancellation") == []
        await trio.sleep(POLL)
        assert len(stubborn.events.told("handler_ignores_cancellation")) == 1


async def test_one_that_cleans_up_in_time_is_not_reported(autojump_clock, stubborn):
    await stubborn.queue.enqueue(Stubborn(seconds=10 + PATIENCE - 1))
    async with running_worker(stubborn, WorkerOptions(poll=POLL)):
        await trio.sleep(30)

    assert stubborn.events.told("handler_ignores_cancellation") == []
    assert isinstance(stubborn.events, Memory)


async def test_a_stack_names_where_a_task_waits_and_where_its_children_do(autojump_clock):
    async def child():
        await trio.sleep_forever()

    async def parent():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(parent)
        await trio.testing.wait_all_tasks_blocked()
        (task,) = nursery.child_tasks
        stack = stack_of(task)
        nursery.cancel_scope.cancel()

    first, second = stack.splitlines()
    assert "parent" in first
    assert __file__ in first
    assert "child" in second
    assert "sleep_forever" in second
