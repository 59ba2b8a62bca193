"""The supervisor: parts begin in order, stop together at a signal, and none dies alone."""

import signal
from functools import partial

import pytest
import trio

from runtime.model.records import Status
from runtime.worker.attempt import Attempt
from runtime.worker.options import WorkerOptions
from runtime.worker.signals import SIGNALS
from runtime.worker.supervisor import describe, supervise
from tests.runtime.obedient import Obey
from tests.runtime.worker.crew import Pool, job


@pytest.fixture(autouse=True)
def own_handlers():
    """A stopped process stays deaf; the tests after this one must not be."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Log(list):
    """What the parts did, in order."""

    def part(self, name, *, slow_to_start=0.0, slow_to_stop=0.0, dies_after=None):
        return partial(self._run, name, slow_to_start, slow_to_stop, dies_after)

    async def _run(self, name, slow_to_start, slow_to_stop, dies_after, deployment, stopping, *, task_status):
        await trio.sleep(slow_to_start)
        self.append(f"{name} started")
        task_status.started()
        try:
            if dies_after is not None:
                await trio.sleep(dies_after)
                raise LookupError(f"{name} died")
            await stopping.wait()
            await trio.sleep(slow_to_stop)
            self.append(f"{name} stopped")
        except trio.Cancelled:
            self.append(f"{name} cancelled")
            raise


@pytest.fixture
def log():
    return Log()


async def signals_after(seconds, *numbers):
    for number in numbers:
        await trio.sleep(seconds)
        signal.raise_signal(number)


async def test_every_part_is_started_before_it_is_ready_and_a_signal_stops_them_in_order(
    autojump_clock, deployment, log, nursery
):
    nursery.start_soon(signals_after, 10, signal.SIGTERM)
    began = trio.current_time()

    await supervise(
        deployment,
        log.part("site", slow_to_start=2, slow_to_stop=3),
        log.part("door"),
        worker=WorkerOptions(),
        ready=partial(log.append, "ready"),
    )

    assert log == ["site started", "door started", "ready", "door stopped", "site stopped"]
    assert trio.current_time() - began == pytest.approx(13, abs=0.1)
    assert await deployment.queue.workers() == [], "the worker has left in order too"


async def test_a_running_job_has_its_grace_after_the_signal(autojump_clock, deployment, nursery):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9))
    nursery.start_soon(signals_after, 5, signal.SIGINT)

    await supervise(deployment, worker=WorkerOptions(grace=30))

    assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED


async def test_a_second_signal_cancels_parts_and_jobs(autojump_clock, deployment, log, nursery):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=9.5))
    nursery.start_soon(signals_after, 2, signal.SIGTERM, signal.SIGTERM)
    began = trio.current_time()

    await supervise(deployment, log.part("site", slow_to_stop=1000), worker=WorkerOptions(grace=1000))

    assert log == ["site started", "site cancelled"]
    assert trio.current_time() - began < 7
    detail = await deployment.queue.job(record.id)
    assert (detail.record.status, detail.record.attempts) == (Status.PENDING, 0)


@pytest.mark.parametrize("worker", [None, WorkerOptions()])
async def test_a_part_that_dies_takes_the_others_along_and_its_error_comes_out(
    autojump_clock, deployment, log, worker
):
    with pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="site died"), flatten_subgroups=True):
        await supervise(deployment, log.part("door"), log.part("site", dies_after=5), worker=worker)

    assert log == ["door started", "site started", "door cancelled"]


async def test_a_part_that_cannot_start_lets_nobody_be_ready(autojump_clock, deployment, log):
    async def broken(deployment, stopping, *, task_status):
        raise OSError("the port is taken")

    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="port"), flatten_subgroups=True):
        await supervise(deployment, log.part("door"), broken, ready=partial(log.append, "ready"))

    assert log == ["door started", "door cancelled"]


async def test_when_the_worker_has_drained_the_queue_the_parts_stop_in_order(autojump_clock, deployment, log):
    record = await deployment.queue.enqueue(Obey(do="sleep", seconds=5))

    await supervise(deployment, log.part("site", slow_to_stop=1), worker=WorkerOptions(drain=True))

    assert log == ["site started", "site stopped"]
    assert (await deployment.queue.job(record.id)).record.status is Status.COMPLETED


async def test_it_describes_what_runs_for_the_report_of_a_blocked_loop():
    pool = Pool(1)
    pool.started(Attempt(job(7), trio.CancelScope(), 0.0))

    assert describe(pool) == ["t 7"]
