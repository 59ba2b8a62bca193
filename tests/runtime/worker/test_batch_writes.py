"""Batches: what is written with one job, or with all that complete; on both databases."""

import trio

from runtime.model.lifecycle import settle
from runtime.model.outcomes import Interrupted
from runtime.model.retry import Retry
from runtime.store.claims import ClaimRequest, claim
from runtime.store.endings import Ending, finish
from runtime.store.jobs import find
from runtime.store.rows import held_job
from runtime.testing import drain, running_worker
from tests.runtime.letters import details, enqueue, outcomes


async def test_what_one_job_enqueues_exists_if_it_completes(autojump_clock, letters, calls):
    await enqueue(letters, "child", "child and fail", "return")

    await drain(letters)

    assert [name for _, name in calls.plain] == ["of 0"]


async def test_what_is_enqueued_for_all_commits_once_with_those_that_completed(
    autojump_clock, letters, calls
):
    ids = await enqueue(letters, "write", "fail", "child")

    await drain(letters)

    assert sorted(name for _, name in calls.plain) == ["of 2", "of all"]
    assert await outcomes(letters, ids) == [["completed"], ["failed"], ["completed"]]


async def test_a_write_for_all_that_raises_fails_all_that_would_have_completed(autojump_clock, letters):
    ids = await enqueue(letters, "bad write", "complete", "discard")

    await drain(letters)

    assert await outcomes(letters, ids) == [["failed"]] * 3
    assert "the write refused" in (await details(letters, ids))[1].record.last_error
    assert (await letters.queue.jobs(type="plain")).items == ()


async def test_a_call_that_raises_writes_nothing_and_completes_nothing_that_belongs_to_it(
    autojump_clock, letters
):
    ids = await enqueue(letters, "write", "complete", "raise")

    await drain(letters)

    assert await outcomes(letters, ids) == [["failed"]] * 3
    assert (await letters.queue.jobs(type="plain")).items == ()


def steal(tx, job_id):
    """Another worker has the job by now."""
    (held,) = (
        job for job in tx.all("jobs_of_worker", held_job, worker=owner(tx, job_id)) if job.id == job_id
    )
    stolen = Interrupted("stolen")
    assert finish(tx, owner(tx, job_id), Ending(held, settle(held, stolen, tx.now, Retry(), 0)))
    request = ClaimRequest(
        worker="thief", types=frozenset({"letter"}), free=1, most=1, min_priority=0, max_priority=100, aging=0
    )
    assert [job.id for job in claim(tx, request).jobs] == [job_id]


def owner(tx, job_id):
    return find(tx, job_id).locked_by


async def test_if_one_of_them_is_another_workers_by_now_what_was_written_for_all_is_done_anew(
    autojump_clock, letters
):
    ids = await enqueue(letters, "write", "long item", "return")
    async with running_worker(letters):
        await trio.sleep(1)
        await letters.db.write(steal, ids[2])
        await trio.sleep(5)
        assert (await letters.queue.jobs(type="plain")).items == ()
        await trio.sleep(10)

    assert await outcomes(letters, ids[:2]) == [["interrupted", "completed"]] * 2
    assert len((await letters.queue.jobs(type="plain")).items) == 1
