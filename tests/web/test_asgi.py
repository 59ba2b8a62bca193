from contextlib import suppress

import httpx2
import pytest
import trio
import trio.testing

from tests.web.serving import serving
from web.connections import Connections


async def test_an_idle_connection_is_closed_also_after_it_was_used(deployment):
    async with serving(deployment, keep_alive=0.05) as served:
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        async with stream:
            await stream.send_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with trio.fail_after(15):
                answer = b"".join([part async for part in stream])

    assert answer.count(b" 200 ") == 1


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close",
        b"GET /livez HTTP/1.0\r\nHost: localhost",
    ],
)
async def test_a_connection_is_closed_after_its_answer_where_the_client_wants_that(deployment, request_line):
    async with serving(deployment, keep_alive=3600) as served:
        answer = await served.raw(request_line + b"\r\n\r\n")

    assert b" 200 " in answer
    assert answer.endswith(b"}")


async def test_a_connection_is_used_for_one_request_after_another(deployment):
    async with serving(deployment) as served, served.client() as client:
        for _ in range(20):
            assert (await client.get("/livez")).status_code == 200
        assert len(client._transport._pool.connections) == 1


async def test_a_client_that_has_gone_leaves_its_place_at_once(deployment, monkeypatch):
    monkeypatch.setattr("web.serve.Connections", lambda *args: Connections(*args, 1))
    async with serving(deployment, keep_alive=3600) as served:
        async with await trio.open_tcp_stream("127.0.0.1", served.port):
            await trio.testing.wait_all_tasks_blocked(0.01)
        with trio.fail_after(15):
            while await status_of_livez(served) != 200:
                pass  # refused: the place is not free yet


async def status_of_livez(served) -> int | None:
    """None: hung up on before the request was out."""
    with suppress(httpx2.TransportError):
        async with served.client() as client:
            return (await client.get("/livez")).status_code
    return None
