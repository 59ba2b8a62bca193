"""Relief: a second lane works only while the first is held up."""

import pytest
import trio

from runtime.db.relief import MOMENT, Relief


class FakeLane:
    """Notes what it is given; a test says when a batch begins and ends."""

    def __init__(self):
        self.batches = 0
        self.waiting, self.working, self.done = [], [], []

    @property
    def busy(self):
        return bool(self.waiting or self.working)

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
async def relief(lanes, nursery, autojump_clock):
    made = Relief(*lanes)
    nursery.start_soon(made.run)
    return made


async def test_what_comes_while_the_first_works_waits_for_it(relief, lanes):
    first, second = lanes
    await relief.submit("one")
    first.begin()
    relief.hand_over(["two"])

    await trio.sleep(MOMENT * 0.9)

    assert (first.working, first.waiting, second.waiting) == (["one"], ["two"], [])


async def test_what_waits_behind_a_batch_that_is_held_up_and_what_comes_then_goes_round_it(relief, lanes):
    first, second = lanes
    await relief.submit("held up")
    first.begin()
    await relief.submit("waits")

    await trio.sleep(MOMENT * 2.1)
    await relief.submit("comes")
    relief.hand_over(["is handed over"])

    assert (first.working, first.waiting) == (["held up"], [])
    assert second.waiting == ["waits", "comes", "is handed over"]


async def test_when_the_first_is_free_again_the_second_rests(relief, lanes):
    first, second = lanes
    await relief.submit("held up")
    first.begin()
    await trio.sleep(MOMENT * 2.1)
    first.end()
    await trio.sleep(MOMENT)

    await relief.submit("afterwards")

    assert (first.waiting, second.waiting) == (["afterwards"], [])


async def test_one_batch_after_another_is_no_hold_up(relief, lanes):
    first, second = lanes
    await relief.submit(0)
    for number in range(1, 20):
        first.begin()
        await relief.submit(number)
        await trio.sleep(MOMENT * 0.6)
        first.end()

    assert first.done == list(range(19))
    assert second.waiting == []
