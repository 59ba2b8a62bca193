"""Worker processes under one parent, with children that die on time and a clock that jumps."""

import itertools
import random
import signal
from dataclasses import dataclass, field

import pytest
import trio

from runtime.clock import TrioClock
from runtime.worker.processes import BAD_USAGE, MARGIN, Fleet, ProcessEvents, Restarts

STAYS = (float("inf"), 0)
"""The plan of a child that runs until it is asked to stop."""


@dataclass
class FakeChild:
    """A process that ends by itself after so long, or when it is asked to."""

    pid: int
    lives: float
    code: int
    stubborn: bool = False
    stop_code: int = 0
    began: float = field(default_factory=trio.current_time)
    signals: list[signal.Signals] = field(default_factory=list)
    ended: trio.Event = field(default_factory=trio.Event)

    async def wait(self) -> int:
        with trio.move_on_after(self.lives):
            await self.ended.wait()
            return self.code
        return self.code

    def send_signal(self, number: signal.Signals) -> None:
        self.signals.append(number)
        if number is signal.SIGKILL or not self.stubborn:
            self.code = -number if number is signal.SIGKILL else self.stop_code
            self.ended.set()


class Plan:
    """Starts children as planned: for each slot how long they live and how they end; then they stay."""

    def __init__(self, *lives: list[tuple[float, int]], **more: object) -> None:
        self.lives = [list(slot) for slot in lives]
        self.more = more
        self.children: list[FakeChild] = []
        self.slots: list[int] = []
        self.refusals = 0
        self.slow = 0.0

    async def launch(self, slot: int) -> FakeChild:
        await trio.sleep(self.slow)
        if self.refusals:
            self.refusals -= 1
            raise BlockingIOError(11, "no process to be had")
        lives, code = self.lives[slot].pop(0) if self.lives[slot] else STAYS
        self.children.append(FakeChild(1000 + len(self.children), lives, code, **self.more))
        self.slots.append(slot)
        return self.children[-1]

    def starts(self) -> list[float]:
        return [child.began for child in self.children]


def fleet(plan: Plan, *, drain: bool = False, grace: float = 30.0) -> Fleet:
    return Fleet(
        plan.launch,
        clock=TrioClock(),
        chance=random.Random(0),
        events=ProcessEvents(),
        restarts=Restarts(first=1.0, longest=8.0, quick=10.0, most=4),
        grace=grace,
        drain=drain,
    )


async def run_until(chosen: Fleet, count: int, moment: float) -> int:
    """Run a fleet; ask it to stop at a moment of virtual time."""
    async with trio.open_nursery() as nursery:

        async def stop() -> None:
            await trio.sleep_until(moment)
            chosen.stop()

        nursery.start_soon(stop)
        code = await chosen.run(count)
        nursery.cancel_scope.cancel()
    return code


async def test_every_slot_has_a_child_and_an_orderly_stop_is_0(autojump_clock):
    plan = Plan([], [], [])

    assert await run_until(fleet(plan), 3, 100) == 0
    assert sorted(plan.slots) == [0, 1, 2]
    assert all(child.signals == [signal.SIGTERM] for child in plan.children)


async def test_a_dead_child_is_started_again_in_its_slot_after_a_pause(autojump_clock):
    plan = Plan([(50, 1)], [])

    assert await run_until(fleet(plan), 2, 100) == 0
    assert plan.slots.count(0) == 2
    assert plan.children[-1].began - 50 == pytest.approx(1.0, rel=0.25)


async def test_a_child_that_stops_unasked_is_started_again(autojump_clock):
    plan = Plan([(50, 0)])

    await run_until(fleet(plan), 1, 100)

    assert len(plan.children) == 2


async def test_pauses_double_and_are_spread(autojump_clock):
    plan = Plan([(1, 1)] * 3)

    await run_until(fleet(plan), 1, 100)

    starts = plan.starts()
    pauses = [after - before - 1 for before, after in itertools.pairwise(starts)]
    assert pauses == pytest.approx([1, 2, 4], rel=0.25)
    assert pauses != [1, 2, 4]


async def test_after_too_many_quick_deaths_the_parent_stops_the_rest_and_ends_with_1(autojump_clock):
    plan = Plan([(1, -9)] * 4, [])

    assert await fleet(plan).run(2) == 1
    assert plan.slots.count(0) == 4
    assert plan.children[plan.slots.index(1)].signals == [signal.SIGTERM]


async def test_a_long_life_clears_the_count_of_quick_deaths(autojump_clock):
    plan = Plan([(1, 1)] * 3 + [(11, 1)] + [(1, 1)] * 3)

    assert await run_until(fleet(plan), 1, 1000) == 0
    assert len(plan.children) == 8


async def test_a_child_whose_options_cannot_work_ends_it_at_once_with_2(autojump_clock):
    plan = Plan([(0.5, BAD_USAGE)], [])

    assert await fleet(plan).run(2) == 2
    assert trio.current_time() == pytest.approx(0.5)


async def test_a_drained_child_is_not_started_again_and_all_drained_is_0(autojump_clock):
    plan = Plan([(5, 0)], [(20, 0)])

    assert await fleet(plan, drain=True).run(2) == 0
    assert len(plan.children) == 2
    assert trio.current_time() == pytest.approx(20)


async def test_a_child_that_dies_while_draining_is_started_again(autojump_clock):
    plan = Plan([(20, 1), (5, 0)], [(3, 0)])

    assert await fleet(plan, drain=True).run(2) == 0
    assert sorted(plan.slots) == [0, 0, 1]


async def test_a_child_that_does_not_stop_in_order_makes_it_1(autojump_clock):
    plan = Plan([], [], stop_code=70)

    assert await run_until(fleet(plan), 2, 10) == 1


async def test_a_second_request_is_another_signal_which_the_kernel_cannot_merge_with_the_first(
    autojump_clock,
):
    plan = Plan([], stubborn=True)
    chosen = fleet(plan)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(chosen.run, 1)
        await trio.sleep(1)
        chosen.stop()
        chosen.stop()

        assert plan.children[0].signals == [signal.SIGTERM, signal.SIGINT]
        nursery.cancel_scope.cancel()


async def test_children_that_outlast_the_grace_are_killed(autojump_clock):
    plan = Plan([], stubborn=True)

    assert await run_until(fleet(plan, grace=7), 1, 10) == 1
    assert trio.current_time() == pytest.approx(10 + 7 + MARGIN)
    assert signal.SIGKILL in plan.children[0].signals


async def test_a_stop_during_the_pause_starts_nothing_more(autojump_clock):
    plan = Plan([(50, 1)])

    assert await run_until(fleet(plan), 1, 50.1) == 0
    assert len(plan.children) == 1
    assert trio.current_time() == pytest.approx(50.1)


async def test_a_child_that_was_being_started_when_the_stop_came_is_stopped_too(autojump_clock):
    plan = Plan([])
    plan.slow = 5.0

    assert await run_until(fleet(plan), 1, 1) == 0
    assert plan.children[0].signals == [signal.SIGTERM]


async def test_a_child_that_cannot_be_started_counts_as_a_quick_death(autojump_clock):
    plan = Plan([])
    plan.refusals = 2

    assert await run_until(fleet(plan), 1, 100) == 0
    assert len(plan.children) == 1

    plan.refusals = 100
    assert await fleet(plan).run(1) == 1


async def test_cancelled_it_kills_its_children(autojump_clock):
    plan = Plan([], [])

    with trio.move_on_after(10):
        await fleet(plan).run(2)

    assert all(child.signals == [signal.SIGKILL] for child in plan.children)


@pytest.mark.parametrize(
    ("deaths", "least", "most"), [(0, 0.375, 0.625), (1, 0.375, 0.625), (4, 3, 5), (50, 22.5, 37.5)]
)
def test_the_pause_before_a_restart_doubles_up_to_a_bound(deaths, least, most):
    chance = random.Random(1)

    assert all(least <= Restarts().delay(deaths, chance) <= most for _ in range(100))
