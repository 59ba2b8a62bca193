"""The pool: each claimed job gets a runner, no more are wanted than can run, none is lost at the end."""

import random
from contextlib import contextmanager

import pytest
import trio

from runtime.model.outcomes import Interrupted
from runtime.worker.pool import MOST_AHEAD, PREFETCH_HORIZON, Pool
from tests.runtime.worker.crew import attempt, crew_of, jobs


@pytest.fixture
async def nursery(autojump_clock, nursery):
    yield nursery
    nursery.cancel_scope.cancel()


# Runners


async def test_every_waiting_job_gets_a_runner_at_once_although_handlers_wait(autojump_clock, nursery):
    crew = crew_of(nursery, runners=8, seconds=100)
    await trio.testing.wait_all_tasks_blocked()
    crew.pool.give(jobs(*range(8)))

    await trio.testing.wait_all_tasks_blocked()

    assert crew.started == list(range(8))


async def test_also_when_jobs_come_one_at_a_time_and_in_the_same_turn(autojump_clock, nursery):
    crew = crew_of(nursery, runners=8, seconds=100)
    await trio.testing.wait_all_tasks_blocked()
    for number in range(8):
        crew.pool.give(jobs(number))

    await trio.testing.wait_all_tasks_blocked()

    assert sorted(crew.started) == list(range(8))


async def test_a_hundred_handlers_that_wait_start_within_a_few_turns_of_the_loop(autojump_clock, nursery):
    crew = crew_of(nursery, runners=100, seconds=100)
    await trio.testing.wait_all_tasks_blocked()
    with counting() as loop:
        crew.pool.give(jobs(*range(100)))
        while len(crew.started) < 100:
            await trio.lowlevel.checkpoint()

    assert loop.turns <= 10


async def test_handlers_that_never_wait_are_run_by_one_runner_in_one_turn(autojump_clock, nursery):
    crew = crew_of(nursery, runners=50, seconds=None)
    await trio.testing.wait_all_tasks_blocked()
    with counting() as loop:
        crew.pool.give(jobs(*range(60)))
        await trio.testing.wait_all_tasks_blocked()

    assert crew.started == list(range(60))
    assert crew.most_at_once == 1
    assert loop.steps <= 10  # of few runners that were woken beside it, and of this task


class Loop(trio.abc.Instrument):
    """Counts turns of the event loop, and steps of tasks."""

    def __init__(self) -> None:
        self.turns = 0
        self.steps = 0

    def before_io_wait(self, timeout: float) -> None:
        self.turns += 1

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1


@contextmanager
def counting():
    loop = Loop()
    trio.lowlevel.add_instrument(loop)
    yield loop
    trio.lowlevel.remove_instrument(loop)


async def test_what_waits_behind_busy_runners_starts_as_each_becomes_free(autojump_clock, nursery):
    crew = crew_of(nursery, runners=2, seconds=10)
    await trio.testing.wait_all_tasks_blocked()
    crew.pool.give(jobs(1, 2, 3, 4, 5))
    for seconds, started in ((1, 2), (10, 4), (10, 5)):
        await trio.sleep(seconds)
        assert len(crew.started) == started
    assert crew.most_at_once == 2


async def test_a_runner_that_is_cancelled_as_it_is_woken_leaves_its_job_to_another(autojump_clock, nursery):
    pool, started = Pool(2), []
    doomed = trio.CancelScope()

    async def runner(scope):
        with scope:
            started.append((await pool.next()).id)
            await trio.sleep_forever()

    nursery.start_soon(runner, doomed)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(runner, trio.CancelScope())
    await trio.testing.wait_all_tasks_blocked()

    doomed.cancel()
    pool.give(jobs(1))
    await trio.testing.wait_all_tasks_blocked()

    assert started == [1]
    pool.give(jobs(2))
    assert not pool.starved, "nobody is left"


@pytest.mark.parametrize("seed", range(10))
async def test_however_jobs_and_pauses_fall_none_waits_while_a_runner_is_free(autojump_clock, nursery, seed):
    chance = random.Random(seed)
    crew = crew_of(nursery, runners=4, seconds=1)
    given = 0
    for _ in range(60):
        batch = range(given, given + chance.randrange(4))
        given = batch.stop
        crew.pool.give(jobs(*batch))
        crew.seconds = chance.choice([None, 0, 0.1, 1])
        await trio.sleep(chance.choice([0, 0, 0.05, 0.5, 2]))
        await trio.testing.wait_all_tasks_blocked()
        assert crew.pool.starved or len(crew.pool.running) == 4
    await trio.sleep(1000)

    assert crew.started == list(range(given))
    assert crew.pool.quiet


# The dispatcher


async def test_as_many_are_wanted_as_runners_are_free():
    pool = Pool(4)
    assert (pool.free(), pool.wanted()) == (4, 4)

    pool.give(jobs(1))
    assert (pool.free(), pool.wanted()) == (3, 3)

    pool.started(attempt(9))
    assert (pool.free(), pool.wanted()) == (2, 2)


async def test_the_prefetch_is_what_will_start_within_its_horizon_at_the_present_speed():
    pool = Pool(100)
    pool.measure(1.0)
    for number in range(1000):
        running = attempt(number)
        pool.started(running)
        pool.ended(running)
        pool.written(1)

    pool.measure(1.5)

    assert pool.wanted() - pool.free() == int(2000 * PREFETCH_HORIZON)


async def test_the_prefetch_goes_when_jobs_take_long_and_is_bounded():
    pool = Pool(4)
    pool.measure(1.0)
    for number in range(10_000):
        running = attempt(number)
        pool.started(running)
        pool.ended(running)
        pool.written(1)
    pool.measure(1.1)
    assert pool.wanted() == 4 + MOST_AHEAD * 4

    pool.measure(2.1)
    assert pool.wanted() == 4


async def test_measuring_twice_in_one_moment_measures_once():
    pool = Pool(4)
    pool.measure(0.0)
    pool.measure(0.0)

    assert pool.wanted() == 4


async def test_a_database_that_takes_no_endings_is_asked_for_fewer_and_then_for_no_jobs():
    pool = Pool(4)
    wanted = []
    for number in range(30):
        running = attempt(number)
        pool.started(running)
        pool.ended(running)
        wanted.append(pool.wanted())

    assert wanted[0] == 4
    assert wanted == sorted(wanted, reverse=True)
    assert wanted[-1] == 0
    pool.written(30)
    assert pool.wanted() == 4


async def test_it_tells_when_a_runner_is_free_or_an_ending_is_written(autojump_clock):
    pool, running = Pool(1), attempt()
    pool.started(running)
    for happens in (lambda: pool.ended(running), lambda: pool.written(1), pool.forget_waiting):
        happens()
        with trio.fail_after(1):
            await pool.changed.wait()


async def test_it_is_quiet_when_nothing_waits_runs_or_is_unwritten():
    pool, running = Pool(1), attempt()
    told = [pool.quiet]
    pool.give([running.job])
    told.append(pool.quiet)
    await pool.next()
    pool.started(running)
    told.append(pool.quiet)
    pool.ended(running)
    told.append(pool.quiet)
    pool.written(1)
    told.append(pool.quiet)

    assert told == [True, False, False, False, True]


# The end


async def test_a_closed_pool_gives_back_what_was_not_started_and_wants_no_more():
    pool = Pool(4)
    pool.give(jobs(1, 2, 3))
    await pool.next()

    assert [unstarted.id for unstarted in pool.close()] == [2, 3]
    assert pool.closed
    assert pool.wanted() == 0
    assert await pool.next() is None


async def test_runners_that_wait_end_when_it_closes_and_those_that_run_after_their_job(autojump_clock):
    async with trio.open_nursery() as nursery:
        crew = crew_of(nursery, runners=3, seconds=5)
        crew.pool.give(jobs(1))
        await trio.sleep(1)
        assert crew.pool.close() == []
    assert trio.current_time() == pytest.approx(5)


async def test_what_became_others_is_not_started():
    pool = Pool(2)
    pool.give(jobs(1, 2))
    pool.forget_waiting()

    assert pool.starved
    assert pool.close() == []


async def test_all_that_runs_can_be_cancelled_and_is_found_by_job_and_claim():
    pool = Pool(2)
    first, again = attempt(1, claims=1), attempt(1, claims=2)
    pool.started(first)
    pool.started(again)

    assert pool.find(1, 2) is again
    assert pool.find(1, 3) is None
    pool.cancel_all(Interrupted("stop"))
    assert all(running.scope.cancel_called for running in pool.running)
    pool.ended(first)
    assert pool.running == (again,)
