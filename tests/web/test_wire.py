"""What strangers may send, byte by byte, to a site that has an admin token."""

import pytest
import trio

from tests.web.serving import serving
from web.admin import AdminPolicy
from web.storefront import blueprints


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET //admin/jobs HTTP/1.1\r\nHost: localhost", b"401"),
        (b"GET /%2fadmin/jobs HTTP/1.1\r\nHost: localhost", b"401"),
        (b"GET /admin%2fjobs HTTP/1.1\r\nHost: localhost", b"401"),
        (b"GET /x/../admin/jobs HTTP/1.1\r\nHost: localhost", b"404"),
        (b"GET http://localhost/admin/jobs HTTP/1.1\r\nHost: localhost", b"401"),
        (b"GET /admin/jobs HTTP/1.0\r\nHost: localhost", b"401"),
        (b"GET /health HTTP/1.1\r\nHost: evil.example", b"421"),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost", b"400"),
        (b"GET /health HTTP/1.1", b"400"),
        (b"GET /health HTTP/1.0", b"421"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost", b"431"),
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked",
            b"400",
        ),
        (b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3", b"400"),
        (b"nonsense", b"400"),
    ],
)
async def test_odd_requests_get_plain_refusals_and_no_way_around_the_guard(shop, token, request_line, status):
    async with serving(shop, blueprints(), admin=AdminPolicy(token)) as served:
        body = b"2\r\n{}\r\n0\r\n\r\n" if b"chunked" in request_line else b""
        answer = await served.raw(request_line + b"\r\nConnection: close\r\n\r\n" + body)

    assert answer.split(b" ")[1] == status
    assert b"Traceback" not in answer
    assert b"hypercorn" not in answer.lower()


async def test_a_body_without_end_is_refused_before_it_has_ended(shop, token):
    async with serving(shop, blueprints(), admin=AdminPolicy(token)) as served:
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        async with stream:
            await stream.send_all(
                b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(20):
                await stream.send_all(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            with trio.fail_after(5):
                answer = await stream.receive_some(1000)

    assert answer.split(b" ")[1] == b"413"


async def test_an_upgrade_to_http_2_is_not_taken_up(deployment, token):
    async with serving(deployment, admin=AdminPolicy(token)) as served:
        answer = await served.raw(
            b"GET /admin/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
        )

    assert answer.startswith(b"HTTP/1.1 401")
    assert b"101" not in answer.split(b"\r\n")[0]


async def test_http_2_from_the_start_is_refused(deployment, token):
    async with serving(deployment, admin=AdminPolicy(token)) as served:
        answer = await served.raw(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        )

    assert answer.startswith(b"HTTP/1.1 4")


async def test_a_websocket_is_refused(deployment):
    async with serving(deployment) as served:
        answer = await served.raw(
            b"GET /dashboard HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    assert answer.split(b" ")[1] in {b"403", b"404"}
