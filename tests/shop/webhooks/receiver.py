"""Receivers: real HTTP servers on loopback, as badly behaved as a test wants them."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11
import trio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[[trio.abc.Stream, "Received"], object]


@dataclass
class Received:
    """A request as it came."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server that listens."""

    port: int
    connections: int = 0
    requests: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"


async def read_request(stream: trio.abc.Stream) -> Received | None:
    connection = h11.Connection(h11.SERVER)
    request, body = None, bytearray()
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await stream.receive_some(65536))
            case h11.Request():
                request = event
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                headers = {name.decode(): value.decode() for name, value in request.headers}
                return Received(request.target.decode(), headers, bytes(body))
            case _:
                return None


@asynccontextmanager
async def receiving(
    answer: bytes | Callable = OK, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A server while the block runs.

    `answer` is what it sends back, or an async function of the stream that behaves worse.
    """

    async def serve(stream: trio.SocketStream) -> None:
        receiver.connections += 1
        wrapped = (
            stream if tls is None else trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
        )
        try:
            request = await read_request(wrapped)
            if request is not None:
                receiver.requests.append(request)
                if callable(answer):
                    await answer(wrapped)
                else:
                    await wrapped.send_all(answer)
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.ProtocolError):
            pass
        finally:
            await trio.aclose_forcefully(wrapped)

    listeners = await trio.open_tcp_listeners(0, host=host)
    receiver = Receiver(listeners[0].socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, serve, listeners)
        yield receiver
        nursery.cancel_scope.cancel()
