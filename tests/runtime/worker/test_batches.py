"""Batches: many jobs in one call, each with an ending of its own; in virtual time, on both databases."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import trio

from runtime.app import App
from runtime.batch import BatchContext
from runtime.context import Context
from runtime.errors import Snooze
from runtime.job import Job
from runtime.model.lifecycle import SUSPICION, settle
from runtime.model.outcomes import Interrupted
from runtime.model.records import Status
from runtime.model.retry import Retry
from runtime.store.claims import ClaimRequest, claim
from runtime.store.endings import Ending, finish, rescue
from runtime.store.jobs import find
from runtime.store.rows import held_job
from runtime.testing import alone, drain, open_testing, running_worker

ONE = replace(alone(), workers=1)


class Letter(Job, type="letter", max_attempts=3):
    """A job that says how it ends."""

    number: int = 0
    do: str = "return"


class Plain(Job, type="plain"):
    name: str = ""


@dataclass
class Calls:
    """What was called with which jobs, and when."""

    made: list[tuple[float, list[int]]] = field(default_factory=list)
    plain: list[tuple[float, str]] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> list[int]:
        return [len(numbers) for _, numbers in self.made]

    @property
    def moments(self) -> list[float]:
        return [at for at, _ in self.made]


def make_app(size=100, wait=0.5, **options) -> App:
    @asynccontextmanager
    async def services(deployment):
        yield [Calls()]

    app = App("letters", services=services)

    @app.batch_handler(size=size, wait=wait, timeout=10, retry=Retry(base=10, jitter=0), **options)
    async def send(jobs: Sequence[Letter], ctx: BatchContext) -> None:
        calls = ctx.service(Calls)
        calls.made.append((trio.current_time(), [job.number for job in jobs]))
        for job in jobs:
            await obey(job, ctx)
        for job in jobs:
            if job.do == "raise":
                raise ValueError("the whole call")
            if job.do == "sleep":
                await sleep(calls, 60)

    @app.handler()
    async def plain(job: Plain, ctx: Context) -> None:
        ctx.service(Calls).plain.append((trio.current_time(), job.name))
        await trio.sleep(0.01)

    return app


async def sleep(calls, seconds):
    try:
        await trio.sleep(seconds)
    except trio.Cancelled:
        calls.ends.append("cancelled")
        raise
    calls.ends.append("slept")


async def obey(job, ctx):
    match job.do:
        case "fail":
            ctx.fail(job, ValueError(f"no {job.number}"))
        case "fail once":
            if ctx.of(job).attempt == 1:
                ctx.fail(job, "not yet")
        case "discard":
            ctx.discard(job, "not worth it")
        case "snooze":
            if ctx.now() < 1_767_225_600 + 100:
                ctx.snooze(job, 60)
        case "cancel":
            ctx.cancel(job, "changed my mind")
        case "complete":
            ctx.complete(job, {"number": job.number})
        case "item":
            with ctx.item(job):
                raise KeyError(job.number)
        case "item snooze":
            with ctx.item(job):
                raise Snooze(60)
        case "long item":
            with ctx.item(job):
                await sleep(ctx.service(Calls), 5)
        case "child":
            with ctx.item(job) as own:
                own.enqueue(Plain(name=f"of {job.number}"))
        case "child and fail":
            ctx.of(job).enqueue(Plain(name=f"of {job.number}"))
            ctx.fail(job, "no child")
        case "write":
            ctx.enqueue(Plain(name="of all"))
        case "bad write":
            ctx.enqueue(Plain(name="never"))
            ctx.write(refuse)
        case "failing child":
            ctx.nursery.start_soon(fail_later)


async def fail_later():
    await trio.sleep(0.1)
    raise RuntimeError("a child failed")


def refuse(_tx):
    raise LookupError("the write refused")


@pytest.fixture
def options():
    return {}


@pytest.fixture
async def deployment(autojump_clock, place, options):
    async with open_testing(make_app(**options), place) as opened:
        yield opened


@pytest.fixture
def calls(deployment) -> Calls:
    return deployment.service(Calls)


async def enqueue(deployment, *does: str) -> list[int]:
    return await deployment.queue.enqueue_many(
        [Letter(number=number, do=do) for number, do in enumerate(does)]
    )


async def details(deployment, ids):
    return [await deployment.queue.job(job_id) for job_id in ids]


async def statuses(deployment, ids):
    return [detail.record.status for detail in await details(deployment, ids)]


async def outcomes(deployment, ids):
    return [[run.outcome for run in detail.history] for detail in await details(deployment, ids)]


@pytest.mark.slow
async def test_of_many_jobs_exactly_the_bad_ones_fail(autojump_clock, deployment, calls):
    bad = set(range(0, 10_000, 37))
    ids = await enqueue(deployment, *("fail" if number in bad else "return" for number in range(10_000)))

    await drain(deployment)

    assert calls.sizes == [100] * 100
    assert sorted(number for _, numbers in calls.made for number in numbers) == list(range(10_000))
    stats = await deployment.queue.stats()
    assert (stats.completed, stats.scheduled) == (10_000 - len(bad), len(bad))
    assert await outcomes(deployment, ids[36:39]) == [["completed"], ["failed"], ["completed"]]


async def test_each_job_has_an_ending_and_a_history_of_its_own(autojump_clock, deployment):
    does = ("return", "fail", "discard", "snooze", "cancel", "complete", "item", "item snooze")
    ids = await enqueue(deployment, *does)

    await drain(deployment)

    assert dict(zip(does, await statuses(deployment, ids), strict=True)) == {
        "return": Status.COMPLETED,
        "fail": Status.SCHEDULED,
        "discard": Status.FAILED,
        "snooze": Status.SCHEDULED,
        "cancel": Status.CANCELLED,
        "complete": Status.COMPLETED,
        "item": Status.SCHEDULED,
        "item snooze": Status.SCHEDULED,
    }
    failed, snoozed, item = [(await details(deployment, ids))[number].record for number in (1, 3, 6)]
    assert (failed.attempts, snoozed.attempts) == (1, 0)
    assert failed.last_error.startswith("ValueError: no 1")
    assert item.last_error.startswith("KeyError: 6")
    (letter,) = (await deployment.queue.dead_letters()).items
    assert (letter.job_id, letter.error) == (ids[2], "not worth it")
    assert await deployment.queue.result(ids[5]) == {"number": 5}


async def test_what_failed_comes_again_in_another_batch_with_its_own_attempt(
    autojump_clock, deployment, calls
):
    ids = await enqueue(deployment, "fail once", "return", "fail once", "fail")
    async with running_worker(deployment):
        await trio.sleep(5)
        await deployment.queue.enqueue_many([Letter(number=9)], delay=5.4)
        await trio.sleep(100)

    assert [sorted(numbers) for _, numbers in calls.made] == [[0, 1, 2, 3], [0, 2, 3, 9], [3]]
    assert await outcomes(deployment, ids) == [
        ["failed", "completed"],
        ["completed"],
        ["failed", "completed"],
        ["failed"] * 3,
    ]
    assert await statuses(deployment, ids[3:]) == [Status.FAILED]


async def test_an_exception_fails_those_of_whom_nothing_was_said(autojump_clock, deployment):
    ids = await enqueue(deployment, "return", "complete", "discard", "raise")

    await drain(deployment)

    assert await outcomes(deployment, ids) == [["failed"], ["completed"], ["failed"], ["failed"]]
    first, last = (await details(deployment, [ids[0], ids[3]]))[0:2]
    assert "the whole call" in first.record.last_error
    assert "the whole call" in last.record.last_error


async def test_a_child_task_that_fails_fails_them_too(autojump_clock, deployment):
    ids = await enqueue(deployment, "complete", "failing child", "sleep")

    await drain(deployment)

    assert await outcomes(deployment, ids) == [["completed"], ["failed"], ["failed"]]


async def test_a_call_starts_when_it_is_full_or_when_the_first_job_has_waited(
    autojump_clock, deployment, calls
):
    began = trio.current_time()
    async with running_worker(deployment):
        for _ in range(3):
            await enqueue(deployment, "return")
            await trio.sleep(0.2)
        await trio.sleep(1)
        await enqueue(deployment, *["return"] * 250)
        await trio.sleep(1)

    assert calls.sizes == [3, 100, 100, 50]
    assert [at - began for at in calls.moments] == pytest.approx([0.5, 1.6, 1.6, 2.1], abs=0.02)


async def test_a_single_runner_gathers_and_runs_other_types_in_between(autojump_clock, deployment, calls):
    await deployment.queue.enqueue(Plain(name="first"), priority=50)
    await enqueue(deployment, "return")
    await deployment.queue.enqueue_many([Plain(name="last")] * 3, priority=0)
    async with running_worker(deployment, ONE):
        await trio.sleep(0.2)
        await enqueue(deployment, "return", "return")
        await trio.sleep(1)

    assert calls.sizes == [3]
    assert [name for _, name in calls.plain] == ["first", "last", "last", "last"]
    assert calls.plain[0][0] < calls.moments[0] <= calls.plain[1][0]


@pytest.mark.parametrize("options", [{"size": 10, "wait": 0.5}])
async def test_a_flood_of_batches_leaves_others_their_turn(autojump_clock, deployment, calls, options):
    await enqueue(deployment, *["return"] * 500)
    await deployment.queue.enqueue_many([Plain(name=str(number)) for number in range(5)], priority=6)
    await deployment.queue.enqueue_many([Plain(name=str(number)) for number in range(5, 10)], priority=4)

    await drain(deployment, ONE)

    assert calls.sizes == [10] * 50
    names = [name for _, name in calls.plain]
    assert names == [str(number) for number in range(10)]
    assert calls.plain[4][0] <= calls.moments[0]
    assert calls.plain[5][0] >= calls.moments[-1]


async def test_a_timeout_ends_those_of_whom_nothing_was_said(autojump_clock, deployment, calls):
    ids = await enqueue(deployment, "complete", "return", "sleep", "discard")

    await drain(deployment)

    assert await outcomes(deployment, ids) == [["completed"], ["timed_out"], ["timed_out"], ["failed"]]
    run = (await details(deployment, ids))[2].history[0]
    assert run.ended_at - run.started_at == pytest.approx(10, abs=0.1)
    assert calls.ends == ["cancelled"]


async def test_the_deadline_of_one_costs_the_others_no_attempt(autojump_clock, deployment, calls):
    hurried = await deployment.queue.enqueue(Letter(number=1, do="sleep"), done_within=3)
    ids = await enqueue(deployment, "return", "complete")
    async with running_worker(deployment):
        await trio.sleep(4)

    assert await outcomes(deployment, [hurried.id, *ids]) == [
        ["timed_out"],
        ["interrupted", "completed"],
        ["completed"],
    ]
    (record,) = [detail.record for detail in await details(deployment, ids[:1])]
    assert record.attempts == 1
    assert await statuses(deployment, [hurried.id]) == [Status.FAILED]


@pytest.mark.parametrize("options", [{"wait": 5}])
async def test_a_job_cancelled_while_its_batch_gathers_never_runs(autojump_clock, deployment, calls, options):
    ids = await enqueue(deployment, "return", "return")
    async with running_worker(deployment):
        await trio.sleep(1)
        await deployment.queue.cancel(ids[0])
        await trio.sleep(0.1)
        assert await statuses(deployment, ids) == [Status.CANCELLED, Status.PROCESSING]
        await trio.sleep(5)

    assert calls.made[0][1] == [1]
    assert await statuses(deployment, ids) == [Status.CANCELLED, Status.COMPLETED]


async def test_cancelling_one_that_runs_stops_the_work_on_it_and_no_other(autojump_clock, deployment, calls):
    ids = await enqueue(deployment, "return", "long item", "long item")
    async with running_worker(deployment):
        await trio.sleep(1)
        await deployment.queue.cancel(ids[0])
        await deployment.queue.cancel(ids[1])
        await trio.sleep(0.1)
        assert calls.ends == ["cancelled"]
        await trio.sleep(6)

    assert await statuses(deployment, ids) == [Status.CANCELLED, Status.CANCELLED, Status.COMPLETED]
    assert calls.ends == ["cancelled", "slept"]


async def test_a_call_in_which_nobody_is_left_is_cancelled(autojump_clock, deployment, calls):
    ids = await enqueue(deployment, "sleep", "complete", "sleep")
    async with running_worker(deployment):
        await trio.sleep(1)
        await deployment.queue.cancel(ids[0])
        await trio.sleep(0.1)
        assert calls.ends == []
        await deployment.queue.cancel(ids[2])
        await trio.sleep(0.1)
        assert calls.ends == ["cancelled"]

    assert await statuses(deployment, ids) == [Status.CANCELLED, Status.COMPLETED, Status.CANCELLED]


@pytest.mark.parametrize("options", [{"wait": 60}])
async def test_a_drain_does_not_wait_for_company(autojump_clock, deployment, calls, options):
    began = trio.current_time()
    await enqueue(deployment, *["return"] * 130)
    await deployment.queue.enqueue(Plain())

    await drain(deployment, ONE)

    assert calls.sizes == [100, 30]
    assert trio.current_time() - began < 1


@pytest.mark.parametrize("options", [{"wait": 60}])
async def test_a_worker_that_stops_lets_go_of_a_batch_that_has_not_begun(
    autojump_clock, deployment, calls, options
):
    began = trio.current_time()
    ids = await enqueue(deployment, "return", "return")
    async with running_worker(deployment):
        await trio.sleep(1)
        assert await statuses(deployment, ids) == [Status.PROCESSING] * 2

    assert trio.current_time() - began < 2
    assert calls.made == []
    assert await statuses(deployment, ids) == [Status.PENDING] * 2
    assert await outcomes(deployment, ids) == [[], []]


async def test_what_outlasts_the_grace_is_given_back_unless_it_was_said_to_be_done(
    autojump_clock, deployment, calls
):
    ids = await enqueue(deployment, "complete", "sleep", "return", "discard")
    async with running_worker(deployment, replace(alone(), grace=2)):
        await trio.sleep(1)

    assert calls.ends == ["cancelled"]
    assert await outcomes(deployment, ids) == [["completed"], ["interrupted"], ["interrupted"], ["failed"]]
    records = [detail.record for detail in await details(deployment, ids[1:3])]
    assert {(record.status, record.attempts) for record in records} == {(Status.PENDING, 0)}


def die_with(tx, ids):
    """A worker has died with these twice."""
    for _ in range(SUSPICION):
        request = ClaimRequest(
            worker="w",
            types=frozenset({"letter"}),
            free=9,
            most=9,
            min_priority=100,
            max_priority=100,
            aging=0,
        )
        assert len(claim(tx, request).jobs) == len(ids)
        rescue(tx, "w", "died", None)


async def test_a_job_under_suspicion_is_a_batch_by_itself(autojump_clock, deployment, calls):
    suspects = await deployment.queue.enqueue_many([Letter(number=9)] * 2, priority=100)
    await deployment.db.write(die_with, suspects)
    ids = await enqueue(deployment, "return", "return")

    await drain(deployment)

    assert [numbers for _, numbers in calls.made] == [[0, 1], [9], [9]]
    assert await statuses(deployment, [*suspects, *ids]) == [Status.COMPLETED] * 4


async def test_what_one_job_enqueues_exists_if_it_completes(autojump_clock, deployment, calls):
    await enqueue(deployment, "child", "child and fail", "return")

    await drain(deployment)

    assert [name for _, name in calls.plain] == ["of 0"]


async def test_what_is_enqueued_for_all_commits_once_with_those_that_completed(
    autojump_clock, deployment, calls
):
    ids = await enqueue(deployment, "write", "fail", "child")

    await drain(deployment)

    assert sorted(name for _, name in calls.plain) == ["of 2", "of all"]
    assert await outcomes(deployment, ids) == [["completed"], ["failed"], ["completed"]]


async def test_a_write_for_all_that_raises_fails_all_that_would_have_completed(autojump_clock, deployment):
    ids = await enqueue(deployment, "bad write", "complete", "discard")

    await drain(deployment)

    assert await outcomes(deployment, ids) == [["failed"]] * 3
    assert "the write refused" in (await details(deployment, ids))[1].record.last_error
    assert (await deployment.queue.jobs(type="plain")).items == ()


async def test_a_call_that_raises_writes_nothing_and_completes_nothing_that_belongs_to_it(
    autojump_clock, deployment
):
    ids = await enqueue(deployment, "write", "complete", "raise")

    await drain(deployment)

    assert await outcomes(deployment, ids) == [["failed"]] * 3
    assert (await deployment.queue.jobs(type="plain")).items == ()


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
    autojump_clock, deployment
):
    ids = await enqueue(deployment, "write", "long item", "return")
    async with running_worker(deployment):
        await trio.sleep(1)
        await deployment.db.write(steal, ids[2])
        await trio.sleep(5)
        assert (await deployment.queue.jobs(type="plain")).items == ()
        await trio.sleep(10)

    assert await outcomes(deployment, ids[:2]) == [["interrupted", "completed"]] * 2
    assert len((await deployment.queue.jobs(type="plain")).items) == 1


@pytest.mark.parametrize("options", [{"rate": "20/s:10", "size": 30, "wait": 1.0}])
async def test_each_job_of_a_batch_takes_a_token(autojump_clock, deployment, calls, options):
    await enqueue(deployment, *["return"] * 50)
    began = trio.current_time()
    async with running_worker(deployment):
        await trio.sleep(5)

    done = [(at - began, len(numbers)) for at, numbers in calls.made]
    assert sum(number for _, number in done) == 50
    assert len(done) <= 3
    for end, _ in done:
        assert sum(number for at, number in done if at <= end) <= 20 * end + 10
    assert (await deployment.queue.stats()).failed == 0


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # it tampers with the file
async def test_a_payload_that_no_longer_fits_does_not_reach_the_handler(autojump_clock, deployment, calls):
    ids = await enqueue(deployment, "return", "return", "return")
    await deployment.db.write(spoil, ids[1])

    await drain(deployment)

    assert calls.made[0][1] == [0, 2]
    (letter,) = (await deployment.queue.dead_letters()).items
    assert letter.job_id == ids[1]
    assert "number" in letter.error
    assert await statuses(deployment, ids) == [Status.COMPLETED, Status.FAILED, Status.COMPLETED]


def spoil(tx, job_id):
    tx._statements._connection.execute(
        "UPDATE jobs SET payload = ? WHERE id = ?", ('{"number": "x"}', job_id)
    )
