"""Server-sent events: how many streams there may be, what wakes them, when they end."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType

import trio
from quart import Response
from quart.wrappers.response import ResponseBody

from runtime.db.base import Database
from runtime.transaction import JobTransaction
from web.errors import TooManyStreams

MOST_STREAMS = 200
LONGEST = 300.0
"""Seconds that a stream lasts; clients connect again by themselves."""
SILENCE = 15.0
"""Seconds after which a heartbeat is sent: by that a connection that has died is noticed."""
POLL = 2.0
"""Seconds after which a stream looks, even if nothing told of a change."""
PACE = 0.2
"""Seconds between two looks, however much the database changes."""
EVENT_STREAM = "text/event-stream"
HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    name: str
    data: str
    """One line of text."""
    id: str
    """What a client that connects again says it has seen last."""

    def encoded(self) -> bytes:
        """The event as it is sent."""
        return f"event: {self.name}\nid: {self.id}\ndata: {self.data}\n\n".encode()


class Streams:
    """Counts the open streams: each holds a connection for minutes."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        self._open = 0

    def check(self) -> None:
        """Return if there is room for another.

        Raises:
            TooManyStreams: there is none.
        """
        if self._open >= self._most:
            raise TooManyStreams(f"{self._most} streams are open")

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a stream as open until the block ends."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


class EventStream(ResponseBody):
    """The body of an event stream: looks at each change of the database and sends what `look` found.

    It ends when `over` is set, when the server stops, or after five minutes.
    """

    def __init__(self, database: Database[JobTransaction], streams: Streams, stopping: trio.Event) -> None:
        self.over = False
        self._database = database
        self._streams = streams
        self._stopping = stopping
        self._held = ExitStack()
        self._changed = trio.Event()
        self._looked = False
        self._ends_at = self._spoken_at = trio.current_time()

    @abstractmethod
    async def look(self) -> Event | None:
        """What is new since the last look; sets `over` when nothing will ever be."""

    def response(self) -> Response:
        """The answer whose body this is.

        Raises:
            TooManyStreams: there is no room for another.
        """
        self._streams.check()
        response = Response(self, content_type=EVENT_STREAM)
        response.timeout = None  # it ends by itself
        return response

    async def __aenter__(self) -> AsyncIterator[bytes]:
        self._held.enter_context(self._streams.counted())
        self._held.callback(self._database.listen(self._ring))
        self._spoken_at = trio.current_time()
        self._ends_at = self._spoken_at + LONGEST
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not (self.over or (self._looked and self._ended)):
            if self._looked:
                await self._wait()
            self._looked = True
            event = await self.look()
            if event is not None:
                return self._speak(event.encoded())
            if trio.current_time() - self._spoken_at >= SILENCE:
                return self._speak(HEARTBEAT)
        raise StopAsyncIteration

    @property
    def _ended(self) -> bool:
        return self._stopping.is_set() or trio.current_time() >= self._ends_at

    def _speak(self, text: bytes) -> bytes:
        self._spoken_at = trio.current_time()
        return text

    def _ring(self, _subjects: frozenset[str]) -> None:
        self._changed.set()

    async def _wait(self) -> None:
        """Until something changed, or the server stops, or it is time to look anyhow."""
        await trio.sleep(PACE)
        with trio.move_on_after(POLL - PACE):
            async with trio.open_nursery() as nursery:
                for event in (self._changed, self._stopping):
                    nursery.start_soon(_cancel_after, event, nursery.cancel_scope)
        self._changed = trio.Event()


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
