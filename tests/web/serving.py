"""A site on a socket of its own."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import trio

from web.serve import WebOptions, serve_web


@dataclass
class Served:
    """A site that listens on a port of its own."""

    address: str
    stopping: trio.Event
    server: trio.CancelScope

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.address, trust_env=False, timeout=10)

    async def raw(self, request: bytes) -> bytes:
        """What comes back until the server hangs up."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream:
            await stream.send_all(request)
            with trio.fail_after(10):
                return b"".join([part async for part in stream])


@asynccontextmanager
async def serving(deployment, own=(), **options):
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        site = WebOptions(port=0, **options)
        [address] = await nursery.start(serve_web, deployment, stopping, site, own)
        yield Served(address, stopping, nursery.cancel_scope)
        stopping.set()
