"""The pool and jobs under suspicion: they run when nothing else does, and nothing else runs beside them."""

import pytest
import trio

from runtime.model.lifecycle import SUSPICION
from runtime.model.records import ClaimedJob
from runtime.worker.pool import Pool
from tests.runtime.worker.crew import attempt, crew_of, job, jobs


@pytest.fixture
async def nursery(autojump_clock, nursery):
    yield nursery
    nursery.cancel_scope.cancel()


def suspect(number: int) -> ClaimedJob:
    return job(number)._replace(crashes=SUSPICION)


async def test_a_suspect_starts_when_all_else_has_ended_and_been_written_and_then_runs_alone(
    autojump_clock, nursery
):
    crew = crew_of(nursery, runners=4, seconds=10)
    await trio.testing.wait_all_tasks_blocked()
    crew.pool.give(jobs(1))
    await trio.sleep(5)
    crew.pool.give([suspect(2), *jobs(3, 4)])
    await trio.sleep(9)  # 1 has ended, 3 and 4 have not
    assert crew.started == [1, 3, 4]
    assert crew.pool.wanted() == 0

    await trio.sleep(2)

    assert crew.started == [1, 3, 4, 2]
    assert len(crew.pool.running) == 1
    assert crew.pool.wanted() == 0
    await trio.sleep(10)
    assert crew.pool.wanted() > 0
    assert crew.pool.quiet


async def test_an_ending_that_is_not_written_is_company_too(autojump_clock):
    pool = Pool(2)
    first = attempt(1)
    pool.started(first)
    pool.ended(first)
    pool.give([suspect(2)])
    assert pool.starved

    pool.written(1)

    assert (await pool.next()).id == 2


async def test_a_suspect_that_waits_is_given_back_at_the_end(autojump_clock):
    pool = Pool(2)
    pool.started(attempt(1))
    pool.give([suspect(2)])

    assert [job.id for job in pool.close()] == [2]


async def test_a_suspect_that_waits_can_be_withdrawn_and_claiming_goes_on(autojump_clock):
    pool = Pool(2)
    pool.started(attempt(1))
    pool.give([suspect(2)])

    assert pool.withdraw(1, 1) is None
    assert pool.withdraw(2, 1).id == 2

    assert pool.wanted() > 0
    pool.give([suspect(3)])
    pool.forget_waiting()
    assert pool.wanted() > 0
    assert pool.close() == []
