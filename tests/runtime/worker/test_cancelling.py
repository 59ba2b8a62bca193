"""Cancelling in real time: a job with a hundred children, and what becomes of threads and processes."""

import os
import threading
import time

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.records import Status
from runtime.testing import running_worker
from runtime.worker.cpu import run_in_process
from runtime.worker.options import WorkerOptions
from tests.runtime.worker.test_cpu import Count, alive, burn

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


class Family(Job, type="family"):
    """A hundred children: one in a thread, one in a process."""

    pipe: str


class Threaded(Job, type="threaded"):
    """In a thread, until it is let go."""


class Hold:
    """What the handlers tell the test, and what lets a thread go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.cleaned = 0
        self.entered = 0
        self.left = 0

    def block(self) -> None:
        self.entered += 1
        self.let_go.wait(30)
        self.left += 1

    async def child(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.2)
            self.cleaned += 1


def make_app(hold: Hold) -> App:
    app = App("family")

    @app.handler()
    async def family(job: Family, ctx: Context) -> None:
        for _ in range(98):
            ctx.nursery.start_soon(hold.child)
        ctx.nursery.start_soon(run_in_process, burn, Count(file=job.pipe))
        await trio.to_thread.run_sync(hold.block, abandon_on_cancel=True)

    @app.handler()
    def threaded(_job: Threaded) -> None:
        hold.block()

    return app


async def until(condition) -> None:
    """Look often: what a thread or another process does announces nothing."""
    with trio.fail_after(20):
        while not await condition():  # noqa: ASYNC110
            await trio.sleep(0.01)


async def test_a_hundred_children_end_in_a_second_a_process_is_killed_a_thread_abandoned(place, tmp_path):
    hold, pipe = Hold(), tmp_path / "begun"
    os.mkfifo(pipe)
    url = place if isinstance(place, str) else f"sqlite:///{place}"
    async with make_app(hold).open(url) as deployment, running_worker(deployment, WorkerOptions(grace=0.1)):
        job = await deployment.queue.enqueue(Family(pipe=str(pipe)))
        process = int(await trio.to_thread.run_sync(pipe.read_text))

        async def ended():
            return (await deployment.queue.job(job.id)).record.status is Status.CANCELLED

        began = time.monotonic()
        await deployment.queue.cancel(job.id)
        await until(ended)
        seconds = time.monotonic() - began

        assert seconds < 1
        assert hold.cleaned == 98  # it is recorded after the cleanup
        assert not alive(process)
        assert (hold.entered, hold.left) == (1, 0)  # nothing can stop a thread
        hold.let_go.set()


async def test_a_handler_in_a_thread_ends_for_the_record_and_its_thread_keeps_its_place(place):
    hold = Hold()
    url = place if isinstance(place, str) else f"sqlite:///{place}"
    async with make_app(hold).open(url) as deployment:
        async with running_worker(deployment, WorkerOptions(workers=1, grace=5)):
            first, second = [await deployment.queue.enqueue(Threaded()) for _ in range(2)]

            async def entered():
                return hold.entered == 1

            async def next_runs():
                return (await deployment.queue.job(second.id)).record.status is Status.PROCESSING

            await until(entered)
            await deployment.queue.cancel(first.id)
            await until(next_runs)
            assert (await deployment.queue.job(first.id)).record.status is Status.CANCELLED
            assert hold.entered == 1  # the second waits for the place of the first one's thread

            async def completed():
                return (await deployment.queue.job(second.id)).record.status is Status.COMPLETED

            hold.let_go.set()
            await until(completed)
    assert (hold.entered, hold.left) == (2, 2)
