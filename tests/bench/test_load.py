"""The load generator against a server that does as it is told."""

from contextlib import suppress
from functools import partial

import pytest
import trio

from bench.load import LoadOrders, send

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\n{}"


async def serve(nursery, answer, asked):
    async def one(stream):
        with suppress(trio.BrokenResourceError):  # a client that has seen enough hangs up
            while heard := await stream.receive_some():
                asked.append(heard)
                await stream.send_all(answer)
                if b"close" in answer:
                    break

    listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), one, 0)
    return listeners[0].socket.getsockname()[1]


def orders(port, **options):
    return LoadOrders(port=port, path="/x", body='{"a":1}', wanted=200, requests=20, connections=4, **options)


@pytest.mark.parametrize("header", [b"", b"Connection: close\r\n"])
async def test_every_request_is_sent_and_answered(nursery, header):
    asked = []
    port = await serve(nursery, ANSWER % header, asked)

    found = await send(orders(port))

    assert len(asked) == 20
    assert asked[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert asked[0].endswith(b'\r\n\r\n{"a":1}')
    assert 0 < found["p50"] <= found["p99"] <= found["max"]


async def test_a_rate_is_kept_and_waiting_for_a_turn_counts(nursery):
    asked = []
    port = await serve(nursery, ANSWER % b"", asked)

    found = await send(orders(port, rate=200))

    assert len(asked) == 20
    assert found["requestsPerSecond"] <= 20 / (19 / 200)


async def test_a_bad_answer_ends_it(nursery):
    port = await serve(nursery, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", [])

    with pytest.raises(ExceptionGroup) as caught:
        await send(orders(port))

    assert caught.group_contains(RuntimeError, match="/x answered 503")
