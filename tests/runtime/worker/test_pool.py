"""The pool: each claimed job gets a runner, no more are wanted than can run, none is lost at the end."""

import random

import pytest
import trio

from runtime.model.lifecycle import SUSPICION
from runtime.model.outcomes import Cancelled, Completed, Failed, Interrupted, TimedOut
from runtime.model.records import ClaimedJob
from runtime.worker.attempt import Attempt
from runtime.worker.pool import MOST_AHEAD, PREFETCH_HORIZON, Pool


def job(number: int, claims: int = 1) -> ClaimedJob:
    return ClaimedJob(
        id=number, type="t", payload="{}", attempts=0, max_attempts=5, crashes=0, claims=claims, locked_at=0.0
    )


def jobs(*numbers: int) -> list[ClaimedJob]:
    return [job(number) for number in numbers]


def attempt(number: int = 1, claims: int = 1) -> Attempt:
    return Attempt(job(number, claims), trio.CancelScope(), trio.current_time())


class Crew:
    """Runners of a pool whose handlers take `seconds`, or end without waiting at all."""

    def __init__(self, pool: Pool, seconds: float | None) -> None:
        self.pool = pool
        self.seconds = seconds
        self.started: list[int] = []
        self.most_at_once = 0

    async def run(self) -> None:
        while (claimed := await self.pool.next()) is not None:
            self.started.append(claimed.id)
            running = Attempt(claimed, trio.CancelScope(), trio.current_time())
            self.pool.started(running)
            self.most_at_once = max(self.most_at_once, len(self.pool.running))
            if self.seconds is not None:
                await trio.sleep(self.seconds)
            self.pool.ended(running)
            self.pool.written(1)


def crew_of(nursery: trio.Nursery, runners: int, seconds: float | None) -> Crew:
    crew = Crew(Pool(runners), seconds)
    for _ in range(runners):
        nursery.start_soon(crew.run)
    return crew


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


async def test_handlers_that_never_wait_are_run_by_one_runner_in_one_turn(autojump_clock, nursery):
    crew = crew_of(nursery, runners=8, seconds=None)
    await trio.testing.wait_all_tasks_blocked()
    crew.pool.give(jobs(*range(20)))

    await trio.testing.wait_all_tasks_blocked()

    assert crew.started == list(range(20))
    assert crew.most_at_once == 1


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


# What an attempt came to


def judged(ended, now):
    ended.judge(now)
    return ended.outcome


async def test_an_attempt_ended_as_its_handler_did(autojump_clock):
    ended = attempt()
    ended.outcome = Completed()

    assert judged(ended, 5.0) == Completed()


async def test_the_first_reason_to_cancel_stands_whatever_the_handler_makes_of_it(autojump_clock):
    ended = attempt()
    ended.cancel(Cancelled("by an operator"))
    ended.cancel(Interrupted("stopped"))
    ended.outcome = Completed()

    assert judged(ended, 5.0) == Cancelled("by an operator")


async def test_past_its_deadline_it_has_timed_out_with_what_the_handler_said(autojump_clock):
    ended = attempt()
    ended.deadline = ended.began + 3
    ended.scope.cancel()
    ended.outcome = Failed("in its cleanup")

    assert judged(ended, ended.began + 2) == Failed("in its cleanup"), "cancelled, but not by its deadline"
    assert judged(ended, ended.began + 4) == TimedOut(3.0, "in its cleanup")


async def test_a_timeout_stands_although_an_operator_cancels_after_it(autojump_clock):
    ended = attempt()
    ended.deadline = ended.began + 3
    ended.scope.cancel()
    ended.cancel(Cancelled("too late"))

    assert judged(ended, ended.began + 4) == TimedOut(3.0, "")


async def test_a_handler_that_cancelled_its_own_scope_has_failed(autojump_clock):
    ended = attempt()
    ended.scope.cancel()

    assert judged(ended, ended.began + 1) == Failed("the handler cancelled itself")


# Jobs under suspicion


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
