"""Webhooks through a filtering proxy: told the checked address, while TLS and the Host go by the name."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import trio

from shop.webhooks.addresses import Policy
from shop.webhooks.errors import Unreachable
from shop.webhooks.guard import Guard
from shop.webhooks.transport import Bounds, HttpSender
from shop.webhooks.urls import Proxy, parse_proxy
from tests.shop.webhooks.receiver import receiving
from tests.shop.webhooks.test_transport import certificate, server_side

__all__ = ["certificate"]


@dataclass
class Tunnels:
    """A proxy that listens, and to where it was told to connect."""

    port: int
    told: list[str] = field(default_factory=list)


@asynccontextmanager
async def proxying(refused: str = "") -> AsyncIterator[Tunnels]:
    """Connects whoever says CONNECT, except to the address that it refuses."""

    async def pump(source: trio.abc.ReceiveStream, sink: trio.abc.SendStream) -> None:
        try:
            async for part in source:
                await sink.send_all(part)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def serve(stream: trio.SocketStream) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await stream.receive_some(1)
        method, place, _ = head.split(b" ", 2)
        assert method == b"CONNECT"
        tunnels.told.append(place.decode())
        host, port = place.decode().rsplit(":", 1)
        if host == refused:
            await stream.send_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        beyond = await trio.open_tcp_stream(host, int(port))
        await stream.send_all(b"HTTP/1.1 200 Connected\r\n\r\n")
        async with beyond, trio.open_nursery() as pumps:
            pumps.start_soon(pump, beyond, stream)
            await pump(stream, beyond)
            pumps.cancel_scope.cancel()

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    tunnels = Tunnels(listeners[0].socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, serve, listeners)
        yield tunnels
        nursery.cancel_scope.cancel()


def sender(proxy: Tunnels, certificate: Path, *addresses: str, allowed: str = "127.0.0.0/8") -> HttpSender:
    async def resolve(host: str, port: int) -> list:
        return [ip_address(text) for text in addresses]

    return HttpSender(
        Guard(Policy([ip_network(allowed)]), resolve),
        Bounds(seconds=5),
        trust=lambda: ssl.create_default_context(cafile=certificate),
        proxy=Proxy("127.0.0.1", proxy.port),
    )


async def test_the_proxy_is_told_the_address_and_the_certificate_is_checked_against_the_name(
    certificate: Path,
) -> None:
    async with receiving(tls=server_side(certificate)) as server, proxying() as proxy:
        through = sender(proxy, certificate, "127.0.0.1")
        answer = await through.send(f"https://a.example:{server.port}/hook", {"webhook-id": "msg_1"}, b"{}")
        with pytest.raises(Unreachable):
            await through.send(f"https://b.example:{server.port}/", {}, b"{}")

    [request] = server.requests
    assert (answer.status, answer.text, request.target, request.body) == (200, "ok", "/hook", b"{}")
    assert request.headers["host"] == f"a.example:{server.port}"
    assert proxy.told == [f"127.0.0.1:{server.port}"] * 2


async def test_of_an_endless_answer_no_more_is_read_through_a_proxy(certificate: Path) -> None:
    async def endless(stream: trio.abc.Stream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await stream.send_all(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    async with receiving(endless, tls=server_side(certificate)) as server, proxying() as proxy:
        answer = await sender(proxy, certificate, "127.0.0.1").send(
            f"https://a.example:{server.port}/", {}, b"{}"
        )

    assert answer.status == 200


async def test_what_the_proxy_refuses_is_tried_at_the_next_address_and_then_given_up(
    certificate: Path,
) -> None:
    async with receiving(tls=server_side(certificate)) as server, proxying("127.0.0.2") as proxy:
        url = f"https://a.example:{server.port}/"
        answer = await sender(proxy, certificate, "127.0.0.2", "127.0.0.1").send(url, {}, b"{}")
        with pytest.raises(Unreachable, match="403"):
            await sender(proxy, certificate, "127.0.0.2").send(url, {}, b"{}")

    assert answer.taken
    assert len(proxy.told) == 3


async def test_what_the_guard_refuses_does_not_reach_the_proxy(certificate: Path) -> None:
    async with proxying() as proxy:
        for addresses in (["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["64:ff9b::7f00:1"]):
            with pytest.raises(Unreachable):
                await sender(proxy, certificate, *addresses, allowed="10.0.0.0/8").send(
                    "https://a.example/", {}, b"{}"
                )

    assert proxy.told == []


def test_a_proxy_is_named_by_host_and_port() -> None:
    assert parse_proxy("http://proxy.internal:4750") == Proxy("proxy.internal", 4750)
    assert parse_proxy("http://[::1]:4750/").authority == "[::1]:4750"
    for text in ("proxy:4750", "https://proxy:1", "http://proxy", "http://u:p@proxy:1", "http://proxy:1/x"):
        with pytest.raises(ValueError, match="host:port"):
            parse_proxy(text)
