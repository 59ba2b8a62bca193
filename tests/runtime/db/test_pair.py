"""Pair: two lanes share what comes; after a refusal the second works only while the first is held up."""

import pytest
import trio

from runtime.db.pair import MOMENT, Pair
from runtime.model.rivalry import FIRST_REST


class FakeLane:
    """Notes what it is given; a test says when a batch begins and ends."""

    def __init__(self):
        self.batches = 0
        self.waiting, self.working, self.done = [], [], []

    @property
    def held(self):
        return len(self.waiting) + len(self.working)

    @property
    def busy(self):
        return self.held > 0

    def hand_over(self, requests):
        self.waiting += requests

    async def submit(self, request):
        self.hand_over([request])

    def take_back(self):
        taken, self.waiting = self.waiting, []
        return taken

    def begin(self):
        self.batches += 1
        self.working, self.waiting = self.waiting, []

    def end(self):
        self.done += self.working
        self.working = []


@pytest.fixture
def lanes():
    return FakeLane(), FakeLane()


@pytest.fixture
def refusals():
    """How many groups of the two were refused: a list with that number."""
    return [0]


@pytest.fixture
async def pair(lanes, refusals, nursery):
    made = Pair(*lanes, lambda: refusals[0])
    nursery.start_soon(made.run)
    return made


@pytest.fixture
def rivals(pair, refusals):
    """The pair, whose lanes have just been refused by each other."""
    refusals[0] += 1
    return pair


async def test_they_share_what_comes_and_one_that_comes_alone_is_the_firsts(pair, lanes, autojump_clock):
    first, second = lanes
    await pair.submit("alone")
    assert (first.held, second.held) == (1, 0)
    first.begin()
    first.end()

    for number in range(6):
        await pair.submit(number)

    assert (first.held, second.held) == (3, 3)


async def test_after_a_refusal_all_goes_to_the_first_for_a_moment(pair, lanes, refusals, autojump_clock):
    first, second = lanes
    refusals[0] += 2
    for number in range(4):
        await pair.submit(number)
    assert (first.held, second.held) == (4, 0)

    await trio.sleep(FIRST_REST * 1.01)
    await pair.submit("shared again")

    assert second.waiting == ["shared again"]


async def test_what_comes_while_the_first_works_waits_for_it(rivals, lanes, autojump_clock):
    first, second = lanes
    await rivals.submit("one")
    first.begin()
    rivals.hand_over(["two"])

    await trio.sleep(MOMENT * 0.9)

    assert (first.working, first.waiting, second.waiting) == (["one"], ["two"], [])


async def test_what_waits_behind_a_batch_that_is_held_up_and_what_comes_then_goes_round_it(
    rivals, lanes, autojump_clock
):
    first, second = lanes
    await rivals.submit("held up")
    first.begin()
    await rivals.submit("waits")

    await trio.sleep(MOMENT * 1.1)
    second.begin()
    await rivals.submit("comes")
    rivals.hand_over(["is handed over"])

    assert (first.working, first.waiting) == (["held up"], [])
    assert (second.working, second.waiting) == (["waits"], ["comes", "is handed over"])


async def test_what_waits_behind_the_second_goes_to_the_first_when_that_one_is_held_up(
    pair, lanes, autojump_clock
):
    first, second = lanes
    await pair.submit("first")
    await pair.submit("held up")
    first.begin()
    second.begin()
    await pair.submit("behind the first")
    await pair.submit("behind the second")
    first.end()
    first.begin()
    first.end()

    await trio.sleep(MOMENT * 1.1)
    for number in range(4):
        await pair.submit(number)

    assert (second.working, second.waiting) == (["held up"], [])
    assert first.done == ["first", "behind the first"]
    assert first.waiting == ["behind the second", 0, 1, 2, 3]


async def test_when_the_first_is_free_again_the_second_rests(rivals, lanes, autojump_clock):
    first, second = lanes
    await rivals.submit("held up")
    first.begin()
    await trio.sleep(MOMENT * 2.1)
    first.end()
    await trio.sleep(MOMENT)

    await rivals.submit("afterwards")

    assert (first.waiting, second.waiting) == (["afterwards"], [])


async def test_one_batch_after_another_is_no_hold_up(rivals, lanes, refusals, autojump_clock):
    first, second = lanes
    await rivals.submit(0)
    for number in range(1, 20):
        refusals[0] += 1
        first.begin()
        await rivals.submit(number)
        await trio.sleep(MOMENT * 0.6)
        first.end()

    assert first.done == list(range(19))
    assert second.waiting == []
