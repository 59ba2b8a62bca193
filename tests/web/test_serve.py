import json
from dataclasses import dataclass

import httpx2
import pytest
import trio
from quart import Blueprint, Response

from runtime.errors import ConfigurationError
from runtime.testing import drain
from tests.web.serving import serving
from tests.web.storefront.test_orders import order
from web.connections import CUT, HURRY
from web.guard import public
from web.serve import WebOptions, open_listeners, serve_web
from web.storefront import blueprints


@dataclass
class Slow:
    """A view that says when it was called and answers when it may."""

    called: trio.Event
    may_answer: trio.Event
    blueprint: Blueprint
    cancelled: bool = False


@pytest.fixture
def slow():
    blueprint = Blueprint("slow", __name__)
    slow = Slow(trio.Event(), trio.Event(), blueprint)

    @blueprint.get("/slow")
    @public
    async def view() -> Response:
        slow.called.set()
        try:
            await slow.may_answer.wait()
        except trio.Cancelled:
            slow.cancelled = True
            raise
        return Response("done")

    return slow


async def test_it_serves_at_the_address_it_started_with(deployment):
    async with serving(deployment) as served, served.client() as client:
        answer = await client.get("/livez")

    assert served.address.startswith("http://127.0.0.1:")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "reason": None})
    assert "server" not in answer.headers


async def test_a_port_that_is_taken_is_said_so_at_the_start(deployment):
    async with serving(deployment) as served:
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{served.port}: another program"):
            await open_listeners("127.0.0.1", served.port)


@pytest.mark.parametrize(
    ("host", "port", "complaint"),
    [
        ("no-such-host.invalid", 0, "no such address"),
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1"),
        ("127.0.0.1", 70_000, "--port 70000"),
    ],
)
async def test_an_address_that_cannot_be_is_said_so_at_the_start(host, port, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        await open_listeners(host, port)


async def test_it_does_not_listen_for_strangers_without_a_token(deployment):
    with pytest.raises(ConfigurationError, match="CRECHE_ADMIN_TOKEN"):
        await serve_web(deployment, trio.Event(), WebOptions(host="0.0.0.0", port=0))


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({"host": "127.0.0.1"}, {"localhost", "127.0.0.1", "::1"}),
        ({"host": "127.0.0.2"}, {"localhost", "127.0.0.1", "::1", "127.0.0.2"}),
        (
            {"host": "::1", "allowed_hosts": frozenset({"shop.test"})},
            {"localhost", "127.0.0.1", "::1", "shop.test"},
        ),
        ({"host": "0.0.0.0"}, None),
    ],
)
def test_hosts_are_ours_on_loopback_and_any_elsewhere(options, hosts):
    assert WebOptions(**options).hosts == hosts


def test_named_hosts_are_the_only_ones_elsewhere_too():
    hosts = WebOptions(host="0.0.0.0", allowed_hosts=frozenset({"shop.example"})).hosts
    assert hosts is not None
    assert "shop.example" in hosts
    assert "evil.example" not in hosts


async def test_told_to_stop_it_hears_nobody_new_and_finishes_what_it_has_begun(deployment, slow):
    answers = []

    async def ask():
        async with served.client() as client:
            answers.append(await client.get("/slow"))

    async with trio.open_nursery() as nursery, serving(deployment, [slow.blueprint]) as served:
        nursery.start_soon(ask)
        await slow.called.wait()
        served.stopping.set()
        await refused(served)
        slow.may_answer.set()

    assert [answer.text for answer in answers] == ["done"]


async def refused(served):
    """Return when the port is closed."""
    with trio.fail_after(5):
        while True:
            try:
                stream = await trio.open_tcp_stream("127.0.0.1", served.port)
            except OSError:
                return
            await stream.aclose()


async def test_what_takes_too_long_is_cut_when_it_stops(deployment, slow):
    async with trio.open_nursery() as nursery:
        async with serving(deployment, [slow.blueprint], drain=0.1) as served:
            nursery.start_soon(hang_up_quietly, served)  # noqa: ASYNC111 - it outlives the server on purpose
            await slow.called.wait()
            served.stopping.set()

    assert slow.cancelled


async def test_cancelled_it_still_gives_what_is_in_flight_a_moment(deployment, slow):
    answers = []

    async def ask():
        async with served.client() as client:
            answers.append((await client.get("/slow")).text)

    async with trio.open_nursery() as nursery:
        async with serving(deployment, [slow.blueprint]) as served:
            nursery.start_soon(ask)
            await slow.called.wait()
            slow.may_answer.set()
            served.server.cancel()

    assert answers == ["done"]


async def test_a_client_that_does_not_read_does_not_keep_it_from_stopping(deployment):
    blueprint = Blueprint("big", __name__)

    @blueprint.get("/big")
    @public
    async def view() -> Response:
        return Response(b"x" * 50_000_000)

    started = trio.current_time()
    async with serving(deployment, [blueprint], drain=0.1) as served:
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        await stream.send_all(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 200")
        served.stopping.set()
        served_at = trio.current_time()
    stopped = trio.current_time()

    assert stopped - served_at < 0.1 + CUT + 2
    assert started < stopped
    await stream.aclose()


async def test_a_second_request_to_stop_does_not_wait(deployment, slow):
    async with trio.open_nursery() as nursery:
        async with serving(deployment, [slow.blueprint], drain=60) as served:
            nursery.start_soon(hang_up_quietly, served)  # noqa: ASYNC111 - it outlives the server on purpose
            await slow.called.wait()
            served.stopping.set()
            await refused(served)
            started = trio.current_time()
            served.server.cancel()

    assert trio.current_time() - started < HURRY + CUT + 1
    assert slow.cancelled


async def hang_up_quietly(served):
    async with served.client() as client:
        with pytest.raises(httpx2.HTTPError):
            await client.get("/slow")


async def test_an_event_stream_is_told_live_and_ends_with_its_order(shop):
    async with serving(shop, blueprints()) as served, served.client() as client:
        placed = (await client.post("/orders", json=order())).json()["id"]
        statuses = []
        async with client.stream("GET", f"/orders/{placed}/events") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    statuses.append(json.loads(line.removeprefix("data: "))["status"])
                    if statuses == ["paid"]:
                        await drain(shop)

    assert stream.headers["content-type"] == "text/event-stream"
    assert statuses == ["paid", "completed"]


async def test_an_event_stream_ends_cleanly_when_the_server_stops(shop):
    async with serving(shop, blueprints()) as served, served.client() as client:
        placed = (await client.post("/orders", json=order())).json()["id"]
        async with client.stream("GET", f"/orders/{placed}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: status"
            served.stopping.set()
            rest = [line async for line in lines]

    assert any(line.startswith("data: ") for line in rest)


async def test_a_stream_whose_client_has_gone_is_forgotten(shop):
    listeners = shop.database._announcer._listeners
    before = len(listeners)
    async with serving(shop, blueprints()) as served, served.client() as client:
        placed = (await client.post("/orders", json=order())).json()["id"]
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        async with stream:
            await stream.send_all(f"GET /orders/{placed}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = b""
            while b"data: " not in answer:
                answer += await stream.receive_some(10_000)
            assert len(listeners) == before + 1
        with trio.fail_after(5):
            while len(listeners) > before:  # noqa: ASYNC110 - the list tells nobody of its changes
                await trio.lowlevel.checkpoint()


async def test_idle_connections_do_not_hold_up_the_end(deployment):
    async with serving(deployment, drain=60) as served:
        unused = await trio.open_tcp_stream("127.0.0.1", served.port)
        used = await trio.open_tcp_stream("127.0.0.1", served.port)
        await used.send_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in await used.receive_some(10_000)
        started = trio.current_time()

    assert trio.current_time() - started < 2
    await unused.aclose()
    await used.aclose()


async def test_what_goes_wrong_when_the_application_starts_ends_the_server(deployment):
    blueprint = Blueprint("own", __name__)

    @blueprint.before_app_serving
    async def fail() -> None:
        raise RuntimeError("cannot start")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="cannot start"), flatten_subgroups=True):
        await serve_web(deployment, trio.Event(), WebOptions(port=0), [blueprint])
