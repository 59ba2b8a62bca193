import pytest
import trio

from web.errors import TooManyStreams
from web.streams import PACE, POLL, Event, EventStream, Streams


class Bell:
    """A database that says that it has changed when it is told to."""

    def __init__(self):
        self.listeners = []

    def listen(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def ring(self):
        for listener in self.listeners:
            listener(frozenset({"due"}))


class Counting(EventStream):
    """Tells how often it has looked, up to a number."""

    def __init__(self, bell, streams, stopping, last=10**9):
        super().__init__(bell, streams, stopping)
        self.looks = 0
        self._last = last

    async def look(self):
        self.looks += 1
        self.over = self.looks == self._last
        return Event("look", str(self.looks), id=str(self.looks))


@pytest.fixture
def bell():
    return Bell()


def test_an_event_is_written_as_the_standard_says():
    assert Event("status", '{"a": 1}', id="7").encoded() == b'event: status\nid: 7\ndata: {"a": 1}\n\n'


async def test_a_stream_looks_at_once_and_then_as_soon_as_something_changed(bell, autojump_clock):
    async with Counting(bell, Streams(), trio.Event()) as stream:
        await anext(stream)
        assert trio.current_time() == 0
        bell.ring()
        await anext(stream)
        assert trio.current_time() == pytest.approx(PACE)
        await anext(stream)
        assert trio.current_time() == pytest.approx(PACE + POLL)


async def test_however_much_changes_it_looks_at_a_steady_pace(bell, autojump_clock):
    async with trio.open_nursery() as nursery, Counting(bell, Streams(), trio.Event()) as stream:

        async def keep_ringing():
            while True:
                bell.ring()
                await trio.sleep(0.001)

        nursery.start_soon(keep_ringing)
        with trio.move_on_after(10):
            async for _ in stream:
                pass
        nursery.cancel_scope.cancel()

    assert 45 <= stream.looks <= 10 / PACE + 1


async def test_it_ends_after_its_last_event(bell, autojump_clock):
    async with Counting(bell, Streams(), trio.Event(), last=3) as stream:
        assert len([event async for event in stream]) == 3


async def test_a_change_between_two_looks_is_not_missed(bell, autojump_clock):
    async with Counting(bell, Streams(), trio.Event()) as stream:
        await anext(stream)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(anext, stream)
            await trio.sleep(PACE / 2)
            bell.ring()
    assert trio.current_time() == pytest.approx(PACE)


async def test_what_it_holds_is_given_back_even_when_it_is_cancelled(bell, autojump_clock):
    streams = Streams(1)
    with trio.move_on_after(1):
        async with Counting(bell, streams, trio.Event()) as stream:
            with pytest.raises(TooManyStreams):
                streams.check()
            async for _ in stream:
                pass

    assert not bell.listeners
    streams.check()
