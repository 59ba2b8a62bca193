"""JobControl: many jobs are cancelled at once, by any part of a filter; waiting ones are moved."""

import pytest
import trio

from runtime.errors import InvalidInput, NotFound
from runtime.model.records import Status
from runtime.testing import running_worker
from tests.runtime.obedient import Obey, Other


async def statuses(deployment, **which):
    return [record.status for record in (await deployment.queue.jobs(limit=200, **which)).items]


async def test_more_than_a_transaction_holds_are_cancelled_and_counted(autojump_clock, deployment):
    await deployment.queue.enqueue_many([Obey()] * 2100)
    await deployment.queue.enqueue_many([Other()] * 5)

    assert await deployment.queue.cancel_many(type="obey", status=Status.PENDING) == 2100

    stats = await deployment.queue.stats()
    assert (stats.cancelled, stats.pending) == (2100, 5)
    assert await deployment.queue.cancel_many(everything=True) == 5
    assert await deployment.queue.cancel_many(everything=True) == 0


async def test_only_old_ones_or_those_of_a_priority_are_cancelled(autojump_clock, deployment):
    old = await deployment.queue.enqueue(Obey(), priority=3)
    await trio.sleep(60)
    await deployment.queue.enqueue_many([Obey()] * 2)

    assert await deployment.queue.cancel_many(priority=3, older_than=61) == 0
    assert await deployment.queue.cancel_many(priority=3, older_than=59) == 1
    assert (await deployment.queue.job(old.id)).record.status is Status.CANCELLED


async def test_running_ones_end_with_their_cleanup(autojump_clock, deployment, diary):
    await deployment.queue.enqueue_many([Obey(do="sleep", name=str(n), seconds=9) for n in range(3)])
    async with running_worker(deployment):
        await trio.sleep(1)
        assert await deployment.queue.cancel_many(status=Status.PROCESSING) == 3
        await trio.sleep(1)
        assert await statuses(deployment) == [Status.CANCELLED] * 3
    assert sorted(diary.ends) == [(str(n), "cancelled") for n in range(3)]


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda queue: queue.cancel_many(), None),
        (lambda queue: queue.cancel_many(status=Status.FAILED), "status"),
        (lambda queue: queue.cancel_many(priority=101), "priority"),
        (lambda queue: queue.cancel_many(older_than=-1), "olderThanSeconds"),
        (lambda queue: queue.reschedule(1), "at"),
        (lambda queue: queue.reschedule(1, at=1, delay=1), "at"),
        (lambda queue: queue.reschedule(1, delay=-1), "delaySeconds"),
        (lambda queue: queue.reschedule(1, at=float("nan")), "at"),
        (lambda queue: queue.prioritize(1, 101), "priority"),
        (lambda queue: queue.enqueue(Obey(), on_conflict="replace"), "onConflict"),
        (lambda queue: queue.enqueue(Obey(), key="k", on_conflict="nonsense"), "onConflict"),
        (lambda queue: queue.enqueue(Obey(), expires=0), "expiresSeconds"),
        (lambda queue: queue.enqueue(Obey(), done_within=float("nan")), "deadlineSeconds"),
        (lambda queue: queue.enqueue(Obey(), deadline=1e300), "deadline"),
        (lambda queue: queue.enqueue(Obey(), deadline=1e9, done_within=1), "deadline"),
    ],
)
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_what_cannot_be_is_refused_and_the_field_is_named(autojump_clock, deployment, act, field):
    with pytest.raises(InvalidInput) as refused:
        await act(deployment.queue)

    assert [error.field for error in refused.value.errors] == ([field] if field else [])


async def test_a_job_is_moved_and_one_that_is_not_there_is_not(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(), delay=900)

    sooner = await deployment.queue.reschedule(record.id, delay=60)
    assert sooner.scheduled_at == pytest.approx(record.created_at + 60)
    assert (await deployment.queue.reschedule(record.id, at=0)).status is Status.PENDING
    assert (await deployment.queue.prioritize(record.id, 9)).priority == 9
    for act in (
        deployment.queue.reschedule(99, at=0),
        deployment.queue.prioritize(99, 1),
        deployment.queue.result(99),
    ):
        with pytest.raises(NotFound):
            await act
