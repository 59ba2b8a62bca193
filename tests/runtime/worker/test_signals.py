"""Signals: the first asks to stop, the second does not wait; the time it takes is watched from outside."""

import signal

import pytest
import trio

from runtime.worker.signals import LEAVING, SIGNALS, stop_on_signals

GRACE = 30.0


class Watch:
    """In the watchdog's place: notes when it was armed."""

    def __init__(self):
        self.armed = []

    def arm(self, seconds):
        self.armed.append(seconds)


@pytest.fixture(autouse=True)
def own_handlers():
    """Whatever a test leaves behind, the next one begins with the handlers of before."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


class Life:
    """What came of the signals."""

    def __init__(self):
        self.stopping = trio.Event()
        self.hurried = trio.Event()
        self.watch = Watch()

    def listening(self):
        return stop_on_signals(self.stopping, self.hurried.set, self.watch, grace=GRACE)


@pytest.fixture
async def life():
    return Life()


@pytest.mark.parametrize("number", SIGNALS)
async def test_the_first_asks_for_a_stop_and_gives_it_the_grace(life, number):
    with life.listening():
        assert not life.stopping.is_set()
        signal.raise_signal(number)
        assert life.watch.armed == [GRACE + LEAVING], "at once, whatever the loop does"
        with trio.fail_after(1):
            await life.stopping.wait()

    assert not life.hurried.is_set()


async def test_the_second_does_not_wait(life):
    with life.listening():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        with trio.fail_after(1):
            await life.stopping.wait()
            await life.hurried.wait()

    assert life.watch.armed == [GRACE + LEAVING, LEAVING]


async def test_one_that_interrupts_the_handling_of_the_first_is_the_second(life):
    def arm(seconds):
        life.watch.armed.append(seconds)
        if len(life.watch.armed) == 1:
            signal.raise_signal(signal.SIGINT)

    life.watch.arm = arm
    with life.listening():
        signal.raise_signal(signal.SIGTERM)
        with trio.fail_after(1):
            await life.stopping.wait()
            await life.hurried.wait()

    assert life.watch.armed == [GRACE + LEAVING, LEAVING]


async def test_two_quick_ones_are_two_although_the_loop_is_blocked(life):
    with life.listening():
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
        assert life.watch.armed == [GRACE + LEAVING, LEAVING]
        await trio.testing.wait_all_tasks_blocked()
        assert life.hurried.is_set()


async def test_once_stopping_a_late_one_does_no_harm(life):
    with life.listening():
        signal.raise_signal(signal.SIGTERM)

    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)

    assert life.watch.armed == [GRACE + LEAVING]


async def test_without_any_everything_is_as_before(life, own_handlers):
    with life.listening():
        assert signal.getsignal(signal.SIGTERM) != own_handlers[signal.SIGTERM]

    assert signal.getsignal(signal.SIGTERM) == own_handlers[signal.SIGTERM]
    assert not life.stopping.is_set()
    assert life.watch.armed == []


async def test_also_when_the_block_fails(life, own_handlers):
    with pytest.raises(LookupError), life.listening():
        raise LookupError

    assert signal.getsignal(signal.SIGTERM) == own_handlers[signal.SIGTERM]
