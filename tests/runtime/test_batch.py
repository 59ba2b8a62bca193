"""BatchContext: what a handler says of single jobs, from a thread too, and what it may not."""

import pytest
import trio
from pydantic import field_validator

from runtime.app import App
from runtime.batch import BatchContext
from runtime.errors import InvalidInput
from runtime.job import Job
from runtime.model.records import Status
from runtime.testing import drain, open_testing
from runtime.worker.options import WorkerOptions
from runtime.worker.worker import Worker


class Same(Job, type="same"):
    text: str = "like all others"


async def run(tmp_path, jobs, handler):
    """Run so many equal jobs through a batch handler; return their statuses and contexts."""
    app = App("same")
    app.batch_handler(size=10)(handler)
    async with open_testing(app, tmp_path / "same.db") as deployment:
        ids = await deployment.queue.enqueue_many([Same()] * jobs)
        await drain(deployment)
        return [await deployment.queue.job(job_id) for job_id in ids]


async def test_jobs_that_carry_the_same_are_told_apart(autojump_clock, tmp_path):
    async def handler(jobs: list[Same], ctx: BatchContext) -> None:
        ctx.discard(jobs[1], "this one")
        with ctx.item(jobs[2]) as own:
            own.log(f"{own.job_id} of {own.max_attempts}")

    found = await run(tmp_path, 3, handler)

    assert [detail.record.status for detail in found] == [Status.COMPLETED, Status.FAILED, Status.COMPLETED]
    assert [[line.text for line in detail.logs] for detail in found] == [[], [], ["3 of 5"]]


async def test_a_validator_that_raises_anything_fails_its_own_job_alone(autojump_clock, tmp_path):
    banned = set()

    class Picky(Job, type="picky"):
        text: str

        @field_validator("text")
        @classmethod
        def check(cls, text: str) -> str:
            if text in banned:
                raise LookupError("not allowed any more")
            return text

    app = App("picky")

    @app.batch_handler(size=10)
    async def handler(jobs: list[Picky]) -> None: ...

    async with open_testing(app, tmp_path / "picky.db") as deployment:
        ids = await deployment.queue.enqueue_many([Picky(text="good"), Picky(text="bad"), Picky(text="good")])
        banned.add("bad")
        await drain(deployment)
        found = [await deployment.queue.job(job_id) for job_id in ids]

    assert [detail.history[0].outcome for detail in found] == ["completed", "failed", "completed"]
    assert "not allowed any more" in found[1].record.last_error


async def test_a_copy_of_a_job_is_none_of_the_batch(autojump_clock, tmp_path):
    async def handler(jobs: list[Same], ctx: BatchContext) -> None:
        with pytest.raises(InvalidInput, match="a copy"):
            ctx.fail(jobs[0].model_copy(), "no")

    (found,) = await run(tmp_path, 1, handler)

    assert found.record.status is Status.COMPLETED


async def test_the_last_word_on_a_job_stands_and_is_made_harmless(autojump_clock, tmp_path):
    async def handler(jobs: list[Same], ctx: BatchContext) -> None:
        ctx.complete(jobs[0])
        ctx.fail(jobs[0], "postgresql://user:secret@host\0 refused")

    (found,) = await run(tmp_path, 1, handler)

    assert found.record.status is Status.SCHEDULED
    assert found.record.last_error == "postgresql://user:***@host\\x00 refused"


async def test_what_is_said_in_a_block_outlasts_its_end(autojump_clock, tmp_path):
    async def handler(jobs: list[Same], ctx: BatchContext) -> None:
        with ctx.item(jobs[0]):
            ctx.cancel(jobs[0], "not wanted")

    (found,) = await run(tmp_path, 1, handler)

    assert found.record.status is Status.CANCELLED


async def test_blocks_of_several_jobs_may_run_at_once(autojump_clock, tmp_path):
    async def handler(jobs: list[Same], ctx: BatchContext) -> None:
        async def one(job):
            with ctx.item(job) as own:
                await trio.sleep(1)
                if own.job_id == 2:
                    raise ValueError("only this")

        for job in jobs:
            ctx.nursery.start_soon(one, job)

    found = await run(tmp_path, 3, handler)

    assert [detail.history[0].outcome for detail in found] == ["completed", "failed", "completed"]
    assert found[0].record.completed_at - found[0].record.locked_at < 2


@pytest.mark.slow
async def test_a_plain_function_runs_in_a_thread_and_says_what_became_of_each(tmp_path):
    app = App("threaded")

    @app.batch_handler(size=3, wait=0.1)
    def handler(jobs: list[Same], ctx: BatchContext) -> None:
        assert not trio.lowlevel.in_trio_run()
        for number, job in enumerate(jobs):
            with ctx.item(job):
                if number == 1:
                    raise ValueError("the second")

    async with app.open(f"sqlite:///{tmp_path / 'threaded.db'}") as deployment:
        ids = await deployment.queue.enqueue_many([Same()] * 5)
        await Worker(deployment, WorkerOptions(drain=True)).run(trio.Event())
        found = [await deployment.queue.job(job_id) for job_id in ids]

    assert [detail.history[0].outcome for detail in found] == [
        "completed", "failed", "completed", "completed", "failed",
    ]  # fmt: skip
