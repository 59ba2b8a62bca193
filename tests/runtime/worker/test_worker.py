"""A worker as a whole: order, cancellation, retries, stopping, rescue; in virtual time."""

from dataclasses import replace
from itertools import pairwise

import pytest
import trio

from runtime.errors import DatabaseBusy
from runtime.model.rates import Rate
from runtime.model.records import Priority, Status
from runtime.testing import alone, drain, running_worker
from runtime.worker.options import WorkerOptions
from runtime.worker.worker import Worker
from tests.runtime.obedient import Obey, Other
from tests.runtime.worker.trouble import TroubledDatabase, name_of

ONE = replace(alone(), workers=1)


async def test_jobs_start_by_priority_and_within_it_in_the_order_they_came(autojump_clock, deployment, diary):
    for number, priority in enumerate([Priority.LOW, Priority.CRITICAL, Priority.NORMAL, Priority.HIGH] * 2):
        await deployment.queue.enqueue(Obey(name=f"{priority.name}{number}"), priority=priority)

    await drain(deployment, ONE)

    assert diary.names == [
        "CRITICAL1", "CRITICAL5", "HIGH3", "HIGH7", "NORMAL2", "NORMAL6", "LOW0", "LOW4",
    ]  # fmt: skip


@pytest.mark.parametrize(("aging", "first"), [(600, "old and low"), (0, "new and normal")])
async def test_an_old_low_job_overtakes_where_waiting_counts(autojump_clock, deployment, diary, aging, first):
    await deployment.queue.enqueue(Obey(name="old and low"), priority=Priority.LOW)
    await trio.sleep(5 * 600 + 1)
    await deployment.queue.enqueue(Obey(name="new and normal"))

    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(Worker(deployment, WorkerOptions(workers=1, aging=aging)).run, stopping)
        await trio.sleep(1)
        stopping.set()

    assert diary.names[0] == first


async def test_a_delayed_job_starts_when_it_is_due(autojump_clock, deployment, diary):
    began = deployment.clock.now()
    await deployment.queue.enqueue(Obey(name="later"), delay=80_000)

    async with running_worker(deployment):
        await trio.sleep(80_001)

    assert diary.starts == [("later", pytest.approx(began + 80_000, abs=0.01))]


async def test_retries_wait_longer_each_time_and_end_in_the_dead_letters(autojump_clock, deployment, diary):
    record = await deployment.queue.enqueue(Obey(do="fail", name="f"))

    async with running_worker(deployment):
        await trio.sleep(3600)

    starts = [at for _, at in diary.starts]
    waits = [later - earlier for earlier, later in pairwise(starts)]
    assert len(starts) == 5
    assert waits == sorted(waits)
    assert all(7.5 * 2**n <= wait <= 12.5 * 2**n + 1 for n, wait in enumerate(waits))
    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.FAILED
    assert [run.outcome for run in detail.history] == ["failed"] * 5
    (letter,) = (await deployment.queue.dead_letters()).items
    assert "told to fail" in letter.error
    assert (await deployment.queue.stats()).unreviewed_dead_letters == 1


async def test_a_dead_letter_that_is_retried_begins_anew(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="discard"))
    await drain(deployment)
    (letter,) = (await deployment.queue.dead_letters()).items

    again = await deployment.queue.retry_dead_letter(letter.id)

    assert again.id == record.id
    assert again.status is Status.PENDING
    assert again.max_attempts - again.attempts == 5
    assert (await deployment.queue.dead_letters()).items == ()


async def test_a_waiting_job_is_cancelled_at_once_and_never_runs(autojump_clock, deployment, diary):
    record = await deployment.queue.enqueue(Obey(name="never"))

    cancelled = await deployment.queue.cancel(record.id)
    await drain(deployment)

    assert cancelled.status is Status.CANCELLED
    assert diary.names == []


async def test_a_running_job_is_cancelled_within_a_second_children_included(
    autojump_clock, deployment, diary
):
    record = await deployment.queue.enqueue(Obey(do="children", seconds=9, name="c"))

    async with running_worker(deployment):
        await trio.sleep(3)
        requested = await deployment.queue.cancel(record.id)
        await trio.sleep(1)
        detail = await deployment.queue.job(record.id)

    assert requested.cancel_requested
    assert detail.record.status is Status.CANCELLED
    assert detail.history[0].outcome == "cancelled"
    assert len([end for end in diary.ends if end[1] == "cancelled"]) == 3


async def test_at_a_stop_running_jobs_finish_within_the_grace(autojump_clock, deployment, diary):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=5))

    async with running_worker(deployment, WorkerOptions(grace=30)):
        await trio.sleep(1)

    assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED


async def test_what_outlasts_the_grace_is_given_back_without_using_up_an_attempt(
    autojump_clock, deployment, diary
):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))

    async with running_worker(deployment, WorkerOptions(grace=1)):
        await trio.sleep(1)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.PENDING
    assert detail.record.attempts == 0
    assert detail.record.locked_by is None
    assert [run.outcome for run in detail.history] == ["interrupted"]
    assert await deployment.queue.workers() == []


async def test_a_second_signal_does_not_wait_for_the_grace(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))
    began = trio.current_time()

    async with running_worker(deployment, WorkerOptions(grace=1000)) as worker:
        await trio.sleep(1)
        worker.hurry()

    assert trio.current_time() - began < 3
    assert (await deployment.queue.job(record.id)).record.status is Status.PENDING


async def test_jobs_of_a_silent_worker_run_elsewhere(autojump_clock, deployment, diary):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=5))
    options = WorkerOptions(workers=1, stale_after=3)

    async with trio.open_nursery() as nursery:
        await nursery.start(Worker(deployment, options).run, trio.Event())
        await trio.sleep(1)
        nursery.cancel_scope.cancel()  # it leaves as a killed process does: without a word
    died = deployment.clock.now()
    async with running_worker(deployment, options):
        await trio.sleep(12)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.COMPLETED
    assert detail.record.crashes == 1
    assert [run.outcome for run in detail.history] == ["crashed", "completed"]
    assert diary.starts[1][1] - died <= 3 + 2


async def test_a_job_that_kills_its_workers_is_dead_after_three_crashes(autojump_clock, deployment, diary):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))
    options = WorkerOptions(workers=1, stale_after=1)

    for _ in range(3):
        async with trio.open_nursery() as nursery:
            await nursery.start(Worker(deployment, options).run, trio.Event())
            await trio.sleep(4)
            nursery.cancel_scope.cancel()
    async with running_worker(deployment, options):
        await trio.sleep(4)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.FAILED
    assert detail.record.crashes == 3


async def test_dedicated_workers_take_only_what_is_theirs(autojump_clock, deployment, diary):
    await deployment.queue.enqueue(Obey(name="obey"))
    await deployment.queue.enqueue(Other(name="other"))
    await deployment.queue.enqueue(Obey(name="high"), priority=Priority.HIGH)

    async with running_worker(deployment, WorkerOptions(only=frozenset({"obey"}), min_priority=10)):
        await trio.sleep(2)
    assert diary.names == ["high"]

    async with running_worker(deployment, WorkerOptions(excluded=frozenset({"obey"}))):
        await trio.sleep(2)
    assert diary.names == ["high", "other"]


async def test_an_option_sets_a_limit_and_another_removes_it(autojump_clock, deployment):
    rates = {"obey": Rate.parse("1/s:1"), "limited": None}

    async with running_worker(deployment, WorkerOptions(rates=rates)):
        assert {limit.type: limit.text for limit in await deployment.queue.limits()} == {"obey": "1/s"}


async def test_the_counters_equal_the_counts_after_every_kind_of_ending(autojump_clock, deployment):
    for told in (
        "return",
        "fail",
        "discard",
        "cancel",
        "snooze",
        "write",
        "bad write",
        "swallow",
        "fail once",
    ):
        await deployment.queue.enqueue(Obey(do=told))
    waiting = await deployment.queue.enqueue(Obey(), delay=1e6)
    await deployment.queue.cancel(waiting.id)

    async with running_worker(deployment):
        await trio.sleep(40)

    counted: dict[tuple[str, Status], int] = {}
    for record in (await deployment.queue.jobs(limit=200)).items:
        counted[record.type, record.status] = counted.get((record.type, record.status), 0) + 1
    stats = await deployment.queue.stats()
    assert {(c.type, c.status): c.count for c in stats.by_type} == counted


class SlowDatabase(TroubledDatabase):
    """What a claim brought arrives a second later, and looking takes half a second."""

    async def read(self, fn, /, *args, **kwargs):
        await trio.sleep(0.5)
        return await super().read(fn, *args, **kwargs)

    async def write_relaxed(self, fn, /, *args, **kwargs):
        result = await super().write_relaxed(fn, *args, **kwargs)
        if name_of(fn) == "_claim":
            await trio.sleep(1)
        return result


async def test_a_drain_does_not_end_while_a_job_is_being_claimed(autojump_clock, deployment, diary):
    slow = SlowDatabase(deployment.database, (), 0, DatabaseBusy("never"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(drain, replace(deployment, database=slow))
        await trio.sleep(0.9)  # the first claim has found nothing and is about to say so
        await deployment.queue.enqueue(Obey(name="late"))

    assert diary.names == ["late"]
