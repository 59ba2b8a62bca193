"""Scribe: what attempts say is seen while they run, in few transactions, and delays no ending."""

from dataclasses import dataclass

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import DatabaseBusy, InvalidPayload, NotAllowed
from runtime.job import Job
from runtime.model.notes import LINES_KEPT
from runtime.testing import drain, open_testing, running_worker
from runtime.worker.scribe import PAUSE
from tests.runtime.worker.trouble import troubled


class Draw(Job, type="draw"):
    """Says how far it is every tenth of a second."""

    pages: int = 1
    returns: str = ""
    fails: bool = False


class Speak(Job, type="speak"):
    """Speaks from a thread."""


@dataclass
class Drawing:
    pages: int


def make_app() -> App:
    app = App("drawing")

    @app.handler()
    async def draw(job: Draw, ctx: Context) -> object:
        for page in range(job.pages):
            ctx.progress((page + 1) / job.pages, f"page {page + 1}")
            ctx.log(f"page {page + 1} drawn")
            await trio.sleep(0.1)
        if job.fails:
            ctx.log("no ink", "error")
            raise ValueError("no ink")
        if job.returns == "write":
            ctx.write(lambda _tx: None)
        return object() if job.returns == "nonsense" else Drawing(job.pages) if job.returns else None

    @app.handler()
    def speak(_job: Speak, ctx: Context) -> list[int]:
        ctx.progress(0.5, "from a thread")
        ctx.log("from a thread")
        return [1]

    return app


@pytest.fixture
async def deployment(autojump_clock, place):
    async with open_testing(make_app(), place) as opened:
        yield opened


async def test_progress_is_seen_while_a_job_runs_and_its_last_words_with_its_end(autojump_clock, deployment):
    held = troubled(deployment, times=0)
    jobs = [await held.queue.enqueue(Draw(pages=40)) for _ in range(8)]

    async with running_worker(held):
        await trio.sleep(2.05)
        shown = await held.queue.job(jobs[3].id)
        await trio.sleep(10)
    done = await held.queue.job(jobs[3].id)

    assert 0.5 - PAUSE / 4 <= shown.progress.fraction <= 0.525
    assert shown.logs[-1].text == f"{shown.progress.message} drawn"
    assert (done.progress.fraction, done.progress.message) == (1.0, "page 40")
    assert [line.text for line in done.logs] == [f"page {number} drawn" for number in range(1, 41)]
    # Four seconds of eight jobs: a transaction each half second for all of them.
    assert held.database.calls.count("write") <= 4 / PAUSE + 1 + 2


async def test_a_log_is_bounded_and_kept_over_all_runs(autojump_clock, deployment):
    job = await deployment.queue.enqueue(Draw(pages=150, fails=True), max_attempts=2)

    async with running_worker(deployment):
        await trio.sleep(300)
    detail = await deployment.queue.job(job.id)

    assert len(detail.logs) == LINES_KEPT
    assert (detail.logs[0].claim, detail.logs[-1].claim) == (1, 2)
    assert (detail.logs[-1].level, detail.logs[-1].text) == ("error", "no ink")


async def test_a_thread_may_speak(autojump_clock, deployment):
    job = await deployment.queue.enqueue(Speak())
    await drain(deployment)
    detail = await deployment.queue.job(job.id)

    assert (detail.progress.message, detail.logs[0].text, detail.result) == (
        "from a thread",
        "from a thread",
        "[1]",
    )


async def test_what_cannot_be_written_for_now_is_written_later(autojump_clock, deployment):
    held = troubled(deployment, "write", times=2, error=DatabaseBusy("held"))
    job = await deployment.queue.enqueue(Draw(pages=30))

    async with running_worker(held):
        await trio.sleep(2.9)
        detail = await deployment.queue.job(job.id)

    assert held.events.told("database_trouble") == [("scribe", "held", PAUSE)] * 2
    assert detail.logs[0].text == "page 1 drawn"
    assert len(detail.logs) >= 20


@pytest.mark.parametrize("returns", ["plain", "write"])
async def test_what_a_handler_returned_is_read_as_json_or_as_a_type(autojump_clock, deployment, returns):
    job = await deployment.queue.enqueue(Draw(pages=2, returns=returns))
    with pytest.raises(NotAllowed, match="pending"):
        await deployment.queue.result(job.id)
    await drain(deployment)

    assert await deployment.queue.result(job.id) == {"pages": 2}
    assert await deployment.queue.result(job.id, Drawing) == Drawing(2)
    with pytest.raises(InvalidPayload, match="the result of job 1"):
        await deployment.queue.result(job.id, int)


async def test_a_job_that_returns_nothing_has_no_result(autojump_clock, deployment):
    job = await deployment.queue.enqueue(Draw())
    await drain(deployment)

    assert await deployment.queue.result(job.id) is None
    assert (await deployment.queue.job(job.id)).result is None


async def test_what_cannot_be_kept_fails_nothing_and_is_told(autojump_clock, deployment):
    held = troubled(deployment, times=0)
    job = await deployment.queue.enqueue(Draw(returns="nonsense"))
    await drain(held)
    detail = await deployment.queue.job(job.id)

    assert (detail.record.status, detail.result) == ("completed", None)
    assert (detail.logs[-1].level, detail.logs[-1].text[:24]) == ("warning", "the result is not kept: ")
    [(told, reason)] = held.events.told("result_not_kept")
    assert told.id == job.id
    assert reason.startswith("it cannot be written as JSON")
