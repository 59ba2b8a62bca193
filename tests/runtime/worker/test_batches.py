"""Batches: many jobs in one call, each with an ending of its own; in virtual time, on both databases."""

from dataclasses import replace

import pytest
import trio

from runtime.model.records import Status
from runtime.testing import alone, drain, running_worker
from tests.runtime.letters import Letter, Plain, details, enqueue, outcomes, statuses

ONE = replace(alone(), workers=1)


@pytest.mark.slow
async def test_of_many_jobs_exactly_the_bad_ones_fail(autojump_clock, letters, calls):
    bad = set(range(0, 10_000, 37))
    ids = await enqueue(letters, *("fail" if number in bad else "return" for number in range(10_000)))

    await drain(letters)

    assert calls.sizes == [100] * 100
    assert sorted(number for _, numbers in calls.made for number in numbers) == list(range(10_000))
    stats = await letters.queue.stats()
    assert (stats.completed, stats.scheduled) == (10_000 - len(bad), len(bad))
    assert await outcomes(letters, ids[36:39]) == [["completed"], ["failed"], ["completed"]]


async def test_each_job_has_an_ending_and_a_history_of_its_own(autojump_clock, letters):
    does = ("return", "fail", "discard", "snooze", "cancel", "complete", "item", "item snooze")
    ids = await enqueue(letters, *does)

    await drain(letters)

    assert dict(zip(does, await statuses(letters, ids), strict=True)) == {
        "return": Status.COMPLETED,
        "fail": Status.SCHEDULED,
        "discard": Status.FAILED,
        "snooze": Status.SCHEDULED,
        "cancel": Status.CANCELLED,
        "complete": Status.COMPLETED,
        "item": Status.SCHEDULED,
        "item snooze": Status.SCHEDULED,
    }
    failed, snoozed, item = [(await details(letters, ids))[number].record for number in (1, 3, 6)]
    assert (failed.attempts, snoozed.attempts) == (1, 0)
    assert failed.last_error.startswith("ValueError: no 1")
    assert item.last_error.startswith("KeyError: 6")
    (letter,) = (await letters.queue.dead_letters()).items
    assert (letter.job_id, letter.error) == (ids[2], "not worth it")
    assert await letters.queue.result(ids[5]) == {"number": 5}


async def test_what_failed_comes_again_in_another_batch_with_its_own_attempt(autojump_clock, letters, calls):
    ids = await enqueue(letters, "fail once", "return", "fail once", "fail")
    async with running_worker(letters):
        await trio.sleep(5)
        await letters.queue.enqueue_many([Letter(number=9)], delay=5.4)
        await trio.sleep(100)

    assert [sorted(numbers) for _, numbers in calls.made] == [[0, 1, 2, 3], [0, 2, 3, 9], [3]]
    assert await outcomes(letters, ids) == [
        ["failed", "completed"],
        ["completed"],
        ["failed", "completed"],
        ["failed"] * 3,
    ]
    assert await statuses(letters, ids[3:]) == [Status.FAILED]


async def test_an_exception_fails_those_of_whom_nothing_was_said(autojump_clock, letters):
    ids = await enqueue(letters, "return", "complete", "discard", "raise")

    await drain(letters)

    assert await outcomes(letters, ids) == [["failed"], ["completed"], ["failed"], ["failed"]]
    first, last = (await details(letters, [ids[0], ids[3]]))[0:2]
    assert "the whole call" in first.record.last_error
    assert "the whole call" in last.record.last_error


async def test_a_child_task_that_fails_fails_them_too(autojump_clock, letters):
    ids = await enqueue(letters, "complete", "failing child", "sleep")

    await drain(letters)

    assert await outcomes(letters, ids) == [["completed"], ["failed"], ["failed"]]


async def test_a_timeout_ends_those_of_whom_nothing_was_said(autojump_clock, letters, calls):
    ids = await enqueue(letters, "complete", "return", "sleep", "discard")

    await drain(letters)

    assert await outcomes(letters, ids) == [["completed"], ["timed_out"], ["timed_out"], ["failed"]]
    run = (await details(letters, ids))[2].history[0]
    assert run.ended_at - run.started_at == pytest.approx(10, abs=0.1)
    assert calls.ends == ["cancelled"]


async def test_the_deadline_of_one_costs_the_others_no_attempt(autojump_clock, letters, calls):
    hurried = await letters.queue.enqueue(Letter(number=1, do="sleep"), done_within=3)
    ids = await enqueue(letters, "return", "complete")
    async with running_worker(letters):
        await trio.sleep(4)

    assert await outcomes(letters, [hurried.id, *ids]) == [
        ["timed_out"],
        ["interrupted", "completed"],
        ["completed"],
    ]
    (record,) = [detail.record for detail in await details(letters, ids[:1])]
    assert record.attempts == 1
    assert await statuses(letters, [hurried.id]) == [Status.FAILED]


async def test_cancelling_one_that_runs_stops_the_work_on_it_and_no_other(autojump_clock, letters, calls):
    ids = await enqueue(letters, "return", "long item", "long item")
    async with running_worker(letters):
        await trio.sleep(1)
        await letters.queue.cancel(ids[0])
        await letters.queue.cancel(ids[1])
        await trio.sleep(0.1)
        assert calls.ends == ["cancelled"]
        await trio.sleep(6)

    assert await statuses(letters, ids) == [Status.CANCELLED, Status.CANCELLED, Status.COMPLETED]
    assert calls.ends == ["cancelled", "slept"]


async def test_a_call_in_which_nobody_is_left_is_cancelled(autojump_clock, letters, calls):
    ids = await enqueue(letters, "sleep", "complete", "sleep")
    async with running_worker(letters):
        await trio.sleep(1)
        await letters.queue.cancel(ids[0])
        await trio.sleep(0.1)
        assert calls.ends == []
        await letters.queue.cancel(ids[2])
        await trio.sleep(0.1)
        assert calls.ends == ["cancelled"]

    assert await statuses(letters, ids) == [Status.CANCELLED, Status.COMPLETED, Status.CANCELLED]


async def test_what_outlasts_the_grace_is_given_back_unless_it_was_said_to_be_done(
    autojump_clock, letters, calls
):
    ids = await enqueue(letters, "complete", "sleep", "return", "discard")
    async with running_worker(letters, replace(alone(), grace=2)):
        await trio.sleep(1)

    assert calls.ends == ["cancelled"]
    assert await outcomes(letters, ids) == [["completed"], ["interrupted"], ["interrupted"], ["failed"]]
    records = [detail.record for detail in await details(letters, ids[1:3])]
    assert {(record.status, record.attempts) for record in records} == {(Status.PENDING, 0)}


async def test_what_was_said_before_the_handler_got_stuck_is_kept_if_nothing_is_to_be_stored_with_it(
    autojump_clock, letters
):
    ids = await enqueue(letters, "done", "discard", "complete", "child", "return", "stubborn")
    async with running_worker(letters, replace(alone(), grace=2)):
        await trio.sleep(1)

    pending = [Status.PENDING] * 4
    assert await statuses(letters, ids) == [Status.COMPLETED, Status.FAILED, *pending]


async def test_a_leaked_task_that_fails_fails_the_call_and_the_worker_goes_on(autojump_clock, letters, calls):
    ids = await enqueue(letters, "complete", "leak a failure")
    await letters.queue.enqueue(Plain(name="after"), delay=5)
    async with running_worker(letters, ONE):
        await trio.sleep(7)

    assert await outcomes(letters, ids) == [["completed"], ["failed"]]
    assert [name for _, name in calls.plain] == ["after"]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # it tampers with the file
async def test_a_payload_that_no_longer_fits_does_not_reach_the_handler(autojump_clock, letters, calls):
    ids = await enqueue(letters, "return", "return", "return")
    await letters.db.write(spoil, ids[1])

    await drain(letters)

    assert calls.made[0][1] == [0, 2]
    (letter,) = (await letters.queue.dead_letters()).items
    assert letter.job_id == ids[1]
    assert "number" in letter.error
    assert await statuses(letters, ids) == [Status.COMPLETED, Status.FAILED, Status.COMPLETED]


def spoil(tx, job_id):
    tx._statements._connection.execute(
        "UPDATE jobs SET payload = ? WHERE id = ?", ('{"number": "x"}', job_id)
    )
