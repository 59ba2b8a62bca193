"""The dispatcher: due jobs reach free runners at once, and no more than can run."""

from dataclasses import replace

import pytest
import trio

from runtime.errors import CommitInDoubt, DatabaseFull
from runtime.flow import chain
from runtime.model.pace import LONGEST_REST
from runtime.model.rates import Rate
from runtime.model.records import Status
from runtime.store import limits
from runtime.testing import alone, running_worker
from runtime.worker.dispatcher import LONGEST_PAUSE
from runtime.worker.options import WorkerOptions
from tests.runtime.obedient import Limited, Obey, Other
from tests.runtime.worker.trouble import TroubledDatabase, name_of, troubled

POLL = 1.0


async def statuses(deployment) -> dict[int, Status]:
    return {job.id: job.status for job in (await deployment.queue.jobs(limit=200)).items}


async def test_a_job_that_is_enqueued_is_started_at_once_without_a_poll(autojump_clock, deployment, diary):
    async with running_worker(deployment, alone()):
        await trio.sleep(5)
        record = await deployment.queue.enqueue(Obey(name="a"))
        await trio.sleep(0.01)

    assert diary.starts == [("a", pytest.approx(record.created_at, abs=0.01))]


async def test_one_that_nobody_told_of_is_found_by_the_poll(autojump_clock, deployment, diary):
    def enqueue_silently(tx):
        tx.enqueue(Obey(name="a"))
        tx.announcements.clear()

    async with running_worker(deployment, WorkerOptions(poll=POLL)):
        await trio.sleep(0.5)
        await deployment.db.write(enqueue_silently)
        await trio.sleep(POLL + 0.01)
        assert diary.names == ["a"]


async def test_where_jobs_come_thick_and_fast_it_looks_for_those_that_have_come_together(
    autojump_clock, deployment, diary
):
    counting = troubled(deployment, times=0, error=DatabaseFull("never"))
    enqueued = {}
    async with running_worker(counting, alone()):
        for number in range(1000):
            await trio.sleep(0.001)
            enqueued[str(number)] = deployment.clock.now()
            await deployment.queue.enqueue(Obey(name=str(number)))
        await trio.sleep(1)

    assert counting.database.calls.count("_claim") < 100
    assert diary.names == list(enqueued)
    assert max(start - enqueued[name] for name, start in diary.starts) < LONGEST_REST + 0.001


async def test_jobs_that_each_follow_from_the_one_before_hardly_wait(autojump_clock, deployment, diary):
    async with running_worker(deployment, alone()):
        began = deployment.clock.now()
        await deployment.queue.enqueue(chain(*[Obey(name=str(number)) for number in range(200)]))
        await trio.sleep(1)

    assert len(diary.starts) == 200
    assert diary.starts[-1][1] - began < 0.03


async def test_no_more_are_claimed_than_runners_are_free_for_long_jobs(autojump_clock, deployment):
    await deployment.queue.enqueue_many([Obey(do="sleep", seconds=5)] * 7)
    async with running_worker(deployment, replace(alone(), workers=3)):
        await trio.sleep(1)
        stats = await deployment.queue.stats()
        assert (stats.processing, stats.pending) == (3, 4)
        await trio.sleep(5)
        stats = await deployment.queue.stats()
        assert (stats.completed, stats.processing, stats.pending) == (3, 3, 1)


async def test_short_jobs_are_claimed_ahead_and_what_did_not_start_is_given_back_untouched(
    autojump_clock, deployment, diary
):
    # Each takes 10 ms, so one runner starts the next within the horizon of the prefetch.
    await deployment.queue.enqueue_many([Obey(do="sleep", seconds=0.005)] * 50)
    await deployment.queue.enqueue_many([Obey(do="wait")] * 5)
    async with running_worker(deployment, WorkerOptions(workers=1, grace=0)):
        with trio.fail_after(10):
            await diary.blocked.wait()
        await trio.sleep(2)  # until it claims no more
        stats = await deployment.queue.stats()
        assert stats.processing > 1, "some were claimed ahead"

    waiting = (await deployment.queue.jobs(status=Status.PENDING)).items
    assert len(waiting) == 5
    ahead = [job for job in waiting if job.claims and not (await deployment.queue.job(job.id)).history]
    assert len(ahead) == stats.processing - 1
    assert all(job.attempts == 0 and job.locked_by is None for job in ahead)


async def test_a_type_without_tokens_is_tried_again_the_moment_it_has_one(autojump_clock, deployment, diary):
    await deployment.db.write(limits.change, "limited", Rate.parse("1/m:1"))
    await deployment.queue.enqueue_many([Limited(), Limited()])

    async with running_worker(deployment, alone()):
        await trio.sleep(61)

    first, second = (at for _, at in diary.starts)
    assert second - first == pytest.approx(60, abs=0.01)


async def test_an_operators_word_is_heard_without_a_poll(autojump_clock, deployment, diary):
    await deployment.queue.pause("obey")
    await deployment.queue.set_limit("other", "1/h")
    await deployment.queue.enqueue(Obey(name="resumed"))
    await deployment.queue.enqueue_many([Other(name="first"), Other(name="second")])

    async with running_worker(deployment, alone()):
        await trio.sleep(10)
        assert diary.names == ["first"]
        await deployment.queue.resume("obey")
        await trio.sleep(0.01)
        assert diary.names == ["first", "resumed"]
        await deployment.queue.remove_limit("other")
        await trio.sleep(0.01)
        assert diary.names == ["first", "resumed", "second"]


async def test_while_the_database_cannot_be_used_it_tries_again_ever_more_slowly(
    autojump_clock, deployment, diary
):
    held = troubled(deployment, "_claim", times=12, error=DatabaseFull("full"))
    await deployment.queue.enqueue(Obey(name="a"))

    async with running_worker(held, alone()):
        await trio.sleep(200)

    troubles = held.events.told("database_trouble")
    pauses = [pause for _, _, pause in troubles]
    assert troubles[0][:2] == ("dispatcher", "full")
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.1)
    assert pauses[-1] == LONGEST_PAUSE
    assert len(pauses) == 12
    assert diary.names == ["a"]
    assert diary.starts[0][1] - 1_767_225_600.0 < 12 * 1.5 * LONGEST_PAUSE


async def test_in_the_end_it_listens_no_more(autojump_clock, deployment):
    async with running_worker(deployment, alone()):
        await trio.sleep(1)

    await deployment.queue.enqueue(Obey())
    await trio.sleep(100)
    assert set((await statuses(deployment)).values()) == {Status.PENDING}


class UnansweredDatabase(TroubledDatabase):
    """Writes the second claim that brings something, and does not say so."""

    brought = 0

    async def write_relaxed(self, fn, /, *args, **kwargs):
        result = await super().write_relaxed(fn, *args, **kwargs)
        if name_of(fn) == "_claim" and result.jobs:
            self.brought += 1
            if self.brought == 2:
                raise CommitInDoubt("the connection was lost in COMMIT: whether it was written is unknown")
        return result


async def test_jobs_of_a_claim_that_was_written_and_not_answered_run_and_those_that_run_stay(
    autojump_clock, deployment, diary
):
    unanswered = replace(
        deployment, database=UnansweredDatabase(deployment.database, (), 0, DatabaseFull("never"))
    )
    long = await deployment.queue.enqueue(Obey(name="long", do="sleep", seconds=5))
    async with running_worker(unanswered, alone()):
        await trio.sleep(1)
        late = await deployment.queue.enqueue(Obey(name="late"))
        await trio.sleep(30)

    assert diary.names == ["long", "late"]
    assert await statuses(deployment) == {long.id: Status.COMPLETED, late.id: Status.COMPLETED}
    assert (await deployment.queue.job(late.id)).record.attempts == 1
