"""Connections: accepted until told to stop, then let go in order, within a bounded time.

Accepting is cancelled like anything else; what was accepted is not: it lives in
a shielded nursery with a deadline of its own, so that whoever cancels the server
does not cut a request in half.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio

from web.events import WebEvents

MOST_CONNECTIONS = 512
HURRY = 0.5
"""Seconds that requests in flight have when the server is cancelled instead of told to stop."""
CUT = 0.5
"""Seconds beyond the deadline after which a client that does not read its answer is hung up on."""
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)

ServeStream = Callable[[trio.SocketStream], Awaitable[None]]


class Connections:
    """The connections of one server.

    Args:
        serve_stream: serves one connection until it ends.
        on_leaving: called when no more connections are taken.
        most: how many are served at once; others are sent away.
    """

    def __init__(
        self,
        serve_stream: ServeStream,
        on_leaving: Callable[[], None],
        events: WebEvents,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self._serve_stream = serve_stream
        self._on_leaving = on_leaving
        self._events = events
        self._most = most
        self._streams: set[trio.SocketStream] = set()
        self._leaving = trio.Event()
        self._gone = trio.Event()

    async def serve(
        self,
        listeners: Sequence[trio.SocketListener],
        stopping: trio.Event,
        drain: float,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until `stopping` is set or this is cancelled; then close the listeners first.

        Requests in flight may take `drain` seconds more; cancelled, half a second.
        """
        async with trio.open_nursery() as server:
            cutting, nursery = await server.start(self._hold)
            try:
                async with trio.open_nursery() as accepting:
                    accept = partial(
                        trio.serve_listeners, self._handle, list(listeners), handler_nursery=nursery
                    )
                    await accepting.start(accept)
                    task_status.started()
                    await stopping.wait()
                    accepting.cancel_scope.cancel()
                self._leave(cutting, nursery, drain)
                await self._gone.wait()
            finally:
                self._leave(cutting, nursery, HURRY)

    async def _hold(
        self,
        *,
        task_status: trio.TaskStatus[tuple[trio.Nursery, trio.Nursery]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Keep the connections until they were told to leave and are gone."""
        # Shielded without a deadline: it gets one from `_leave`, which is called whatever happens.
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as cutting:
                async with trio.open_nursery() as connections:
                    task_status.started((cutting, connections))
                    await self._leaving.wait()
                cutting.cancel_scope.cancel()
        self._gone.set()

    def _leave(self, cutting: trio.Nursery, connections: trio.Nursery, seconds: float) -> None:
        """Give what is in flight so many seconds; called again, it can only become less."""
        if self._gone.is_set():
            return
        if not self._leaving.is_set():
            self._events.draining(len(self._streams), seconds)
            self._on_leaving()
            self._leaving.set()
        deadline = trio.current_time() + seconds
        connections.cancel_scope.deadline = min(connections.cancel_scope.deadline, deadline)
        cutting.start_soon(self._cut, deadline + CUT)

    async def _cut(self, moment: float) -> None:
        """Hang up on whoever is left: what waits for a client to read does not hear its cancellation."""
        await trio.sleep_until(moment)
        if self._streams:
            self._events.connections_cut(len(self._streams))
        for stream in self._streams:
            stream.socket.close()

    async def _handle(self, stream: trio.SocketStream) -> None:
        if len(self._streams) >= self._most:
            self._events.connection_refused(self._most)
            with trio.move_on_after(1), trio.CancelScope():
                await stream.send_all(REFUSAL)
            return
        self._streams.add(stream)
        try:
            await self._serve_stream(stream)
        except Exception as error:  # noqa: BLE001 - one connection is no reason to end all others
            self._events.connection_failed(error)
        finally:
            self._streams.discard(stream)
