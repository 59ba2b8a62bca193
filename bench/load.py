"""Load: a process that sends the same request again and again over a few connections that stay open.

`python -m bench.load ORDERS`. Without a rate every connection sends its next request
when it has its answer: what the server can do. With one, requests are due at even
moments, and each one's time counts from when it was due: a server that stalls
cannot hide the requests that would have come meanwhile.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Self

import trio

from bench.measurement import percentile
from runtime.clock import SystemClock

PATIENCE = 30.0
"""Seconds that an answer may take before something must be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrders:
    """What to send."""

    port: int
    path: str
    body: str
    wanted: int
    """The status that a good answer has."""
    requests: int
    connections: int
    rate: float = 0
    """Requests a second; 0: as many as can be."""

    def text(self) -> str:
        """As JSON, for the command line."""
        return json.dumps(asdict(self))

    def message(self) -> bytes:
        """The request, as it goes over the wire."""
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body.encode())}\r\n\r\n{self.body}"
        ).encode()


class Connection:
    """One connection to the server, opened anew when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stream: trio.SocketStream | None = None

    async def __aenter__(self) -> Self:  # noqa: ASYNC124
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()  # noqa: ASYNC102 - cancelled, it closes by force

    async def ask(self, message: bytes) -> int:
        """Send a request and read its answer; the status.

        Raises:
            trio.TooSlowError: there was none for so long that nobody would wait.
        """
        with trio.fail_after(PATIENCE):
            return await self._ask(message)

    async def _ask(self, message: bytes) -> int:
        if self._stream is None:
            self._stream = await trio.open_tcp_stream("127.0.0.1", self._port)
        await self._stream.send_all(message)
        head, _, body = (await self._read_head(self._stream)).partition(b"\r\n\r\n")
        status, length, closes = _parse(head)
        while len(body) < length:
            body += await self._more(self._stream)
        if closes:
            await self.close()
        return status

    async def close(self) -> None:
        """Close it; the next request opens another."""
        if self._stream is not None:
            await self._stream.aclose()
            self._stream = None

    async def _read_head(self, stream: trio.SocketStream) -> bytes:
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += await self._more(stream)
        return heard

    async def _more(self, stream: trio.SocketStream) -> bytes:
        chunk = await stream.receive_some(65_536)
        if not chunk:
            raise RuntimeError("the server closed a connection in the middle of an answer")
        return bytes(chunk)


def _parse(head: bytes) -> tuple[int, int, bool]:
    """Status, length of the body, and whether the server will close the connection."""
    lines = head.lower().split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), int(headers[b"content-length"]), headers.get(b"connection") == b"close"


async def send(orders: LoadOrders) -> dict[str, float]:
    """Send all of it; requests a second, and milliseconds that one took.

    Raises:
        RuntimeError: an answer was not the good one.
    """
    clock = SystemClock()
    taken: list[float] = []
    numbers = iter(range(orders.requests))
    began = clock.monotonic()
    async with trio.open_nursery() as nursery:
        for _ in range(orders.connections):
            nursery.start_soon(_send_some, orders, numbers, began, taken)
    return {
        "requestsPerSecond": orders.requests / (clock.monotonic() - began),
        "p50": percentile(taken, 0.5) * 1000,
        "p99": percentile(taken, 0.99) * 1000,
        "max": max(taken) * 1000,
    }


async def _send_some(orders: LoadOrders, numbers: Iterator[int], began: float, taken: list[float]) -> None:
    clock, message = SystemClock(), orders.message()
    async with Connection(orders.port) as connection:
        for number in numbers:
            due = clock.monotonic()
            if orders.rate:
                due = began + number / orders.rate
                await trio.sleep(max(0.0, due - clock.monotonic()))
            status = await connection.ask(message)
            taken.append(clock.monotonic() - due)
            if status != orders.wanted:
                raise RuntimeError(f"{orders.path} answered {status}")


if __name__ == "__main__":
    print(json.dumps(trio.run(send, LoadOrders(**json.loads(sys.argv[1])))))
