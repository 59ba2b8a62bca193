"""Gathering: which batch a claimed job joins, and when that is complete."""

import pytest
import trio

from runtime.batch import BatchContext
from runtime.handlers import Handlers
from runtime.job import Job
from runtime.model.batching import Room
from runtime.model.lifecycle import SUSPICION
from runtime.model.records import ClaimedJob
from runtime.worker.gathering import LONGEST_PAUSE, LOOKS, Batch, Gathering


class Item(Job, type="item"):
    pass


class Slow(Job, type="slow"):
    pass


def job(number, job_type="item", crashes=0):
    return ClaimedJob(number, job_type, "{}", 0, 5, crashes, 1, 0.0)


@pytest.fixture
def gathering(autojump_clock):
    handlers = Handlers()

    @handlers.batch_handler(size=3, wait=0.5)
    async def run(jobs: list[Item]) -> None: ...

    @handlers.batch_handler(size=2, wait=60)
    async def run_slowly(jobs: list[Slow], ctx: BatchContext) -> None: ...

    return Gathering(handlers.handlers)


async def test_jobs_fill_the_open_batch_and_then_open_another(autojump_clock, gathering):
    first, plain = gathering.sort([job(1), job(2, "plain"), job(3)])
    (second,) = gathering.sort([job(4), job(5)])

    assert plain == job(2, "plain")
    assert first.complete.is_set()
    assert not second.complete.is_set()
    assert gathering.rooms() == {"item": Room(3, 2), "slow": Room(2, 0)}
    assert gathering.take(first) == [job(1), job(3), job(4)]
    assert second.patience.deadline == trio.current_time() + 0.5


async def test_what_has_begun_or_is_full_is_joined_by_nobody(autojump_clock, gathering):
    (begun,) = gathering.sort([job(1)])
    gathering.take(begun)
    (other,) = gathering.sort([job(2)])

    assert gathering.take(begun) == []
    assert gathering.take(other) == [job(2)]
    assert gathering.empty


async def test_one_that_runs_alone_is_put_with_nobody(autojump_clock, gathering):
    suspect = job(2, crashes=SUSPICION)
    opened, single = gathering.sort([job(1), suspect])

    batch = gathering.alone(suspect)

    assert isinstance(opened, Batch)
    assert single == suspect
    assert batch.complete.is_set()
    assert gathering.rooms()["item"].free == 2
    assert gathering.take(batch) == [suspect]


async def test_a_job_can_be_withdrawn_until_its_batch_begins(autojump_clock, gathering):
    (batch,) = gathering.sort([job(1), job(2)])

    assert gathering.withdraw(1, 2) is None
    assert gathering.withdraw(1, 1) == job(1)
    assert not batch.complete.is_set()
    assert gathering.withdraw(2, 1) == job(2)
    assert batch.complete.is_set(), "nobody is left to wait for"
    gathering.take(batch)
    assert gathering.withdraw(2, 1) is None


async def test_what_is_dropped_is_given_back_whole_and_nothing_gathers_any_more(autojump_clock, gathering):
    item, slow = gathering.sort([job(1), job(2, "slow")])

    assert gathering.drop() == [job(1), job(2, "slow")]
    assert item.complete.is_set()
    assert slow.complete.is_set()
    assert gathering.open == frozenset()
    assert gathering.take(item) == []


async def test_a_deadline_leaves_half_of_the_time_for_the_work(autojump_clock, gathering):
    now = trio.current_time()
    (batch,) = gathering.sort([job(1, "slow")])
    assert batch.patience.deadline == now + 60

    gathering.sort([job(2, "slow")._replace(end_by=10.0)])

    assert batch.patience.deadline == now + 5


async def test_the_shortest_wait_says_how_often_to_look_for_more(autojump_clock, gathering):
    gathering.sort([job(1, "slow")])
    assert gathering.pause == LONGEST_PAUSE
    gathering.sort([job(2)])
    assert gathering.pause == pytest.approx(0.5 / LOOKS)
    assert gathering.largest == 3
