"""The promoter: a scheduled job is pending at its moment, whatever happened while the promoter slept."""

import pytest
import trio

from runtime.model.records import Status
from runtime.transaction import JobTransaction
from runtime.worker.promoter import MOST, POLLS, run_promoter
from tests.runtime.obedient import Obey
from tests.runtime.worker.trouble import troubled

POLL = 1.0


@pytest.fixture
async def promoting(autojump_clock, deployment, nursery):
    """Starts a promoter; it ends with the test."""

    def start(used=deployment):
        nursery.start_soon(run_promoter, used, POLL)

    yield start
    nursery.cancel_scope.cancel()


async def pending(deployment) -> int:
    return (await deployment.queue.stats()).pending


async def test_jobs_are_promoted_each_at_its_moment(autojump_clock, deployment, promoting):
    for delay in (10, 86_400):
        await deployment.queue.enqueue(Obey(), delay=delay)
    promoting()
    began = trio.current_time()

    for moment, expected in ((9.9, 0), (10.01, 1), (86_399, 1), (86_400.01, 2)):
        await trio.sleep(began + moment - trio.current_time())
        assert await pending(deployment) == expected, moment


async def test_one_that_is_due_earlier_than_any_before_wakes_it(autojump_clock, deployment, promoting):
    await deployment.queue.enqueue(Obey(), delay=29)
    promoting()
    await trio.sleep(1)
    await deployment.queue.enqueue(Obey(), delay=2)

    await trio.sleep(2.01)
    assert await pending(deployment) == 1


async def test_one_whose_announcement_is_lost_is_found_some_polls_later(
    autojump_clock, deployment, promoting
):
    promoting()
    await trio.sleep(1)
    await deployment.db.write(_enqueue_silently, 1.0)

    await trio.sleep(POLLS * POLL)
    assert await pending(deployment) == 1


def _enqueue_silently(tx: JobTransaction, delay: float) -> None:
    tx.enqueue(Obey(), delay=delay)
    tx.announcements.clear()


async def test_what_was_due_when_it_starts_is_promoted_at_once(autojump_clock, deployment, promoting):
    await deployment.queue.enqueue(Obey(), delay=60)
    await trio.sleep(600)
    promoting()

    await trio.sleep(0.01)
    assert await pending(deployment) == 1


async def test_many_that_fall_due_together_are_promoted_in_bounded_transactions(
    autojump_clock, deployment, promoting
):
    await deployment.queue.enqueue_many([Obey()] * (2 * MOST + 1), delay=60)
    counted = troubled(deployment, times=0)
    promoting(counted)

    await trio.sleep(60.01)

    assert await pending(deployment) == 2 * MOST + 1
    assert counted.database.calls.count("promote") == 3


@pytest.mark.parametrize("function", ["next_due", "promote"])
async def test_trouble_with_the_database_delays_it_by_a_poll_a_try(
    autojump_clock, deployment, promoting, function
):
    await deployment.queue.enqueue(Obey(), delay=60)
    await trio.sleep(60)
    held = troubled(deployment, function, times=3)
    promoting(held)

    await trio.sleep(2.9 * POLL)
    assert await pending(deployment) == 0
    await trio.sleep(0.2 * POLL)
    assert await pending(deployment) == 1
    assert held.events.told("database_trouble") == [("promoter", "held", POLL)] * 3


async def test_cancelled_it_listens_no_more(autojump_clock, deployment):
    with trio.move_on_after(1):
        await run_promoter(deployment, POLL)

    record = await deployment.queue.enqueue(Obey(), delay=1)
    await trio.sleep(100)
    assert (await deployment.queue.job(record.id)).record.status is Status.SCHEDULED
