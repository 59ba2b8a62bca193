import pytest
import trio

from web.connections import CUT, HURRY, Connections
from web.events import WebEvents


class Host:
    """Serves connections as it is told."""

    def __init__(self):
        self.left = trio.Event()
        self.called = trio.Event()
        self.served = 0
        self.behave = self.echo_one

    async def echo_one(self, stream):
        await stream.send_all(await stream.receive_some(100))

    async def fail(self, stream):
        raise RuntimeError("a mistake")

    async def stay(self, stream):
        await trio.sleep_forever()

    async def serve(self, stream):
        self.served += 1
        self.called.set()
        await self.behave(stream)

    def leaving(self):
        assert not self.left.is_set(), "said twice"
        self.left.set()


@pytest.fixture
def host():
    return Host()


async def start(nursery, host, *, most=10, stopping=None, drain=60.0):
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    connections = Connections(host.serve, host.leaving, WebEvents(), most)
    await nursery.start(
        connections.serve, [listener], stopping if stopping is not None else trio.Event(), drain
    )
    return listener.socket.getsockname()[1]


async def ask(port, text=b"hello"):
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(text)
        return b"".join([part async for part in stream])


async def test_connections_are_served_and_closed(host):
    async with trio.open_nursery() as nursery:
        port = await start(nursery, host)
        assert await ask(port) == b"hello"
        nursery.cancel_scope.cancel()


async def test_a_mistake_on_one_connection_is_not_the_end_of_the_others(host):
    async with trio.open_nursery() as nursery:
        port = await start(nursery, host)
        host.behave = host.fail
        assert await ask(port, b"") == b""
        host.behave = host.echo_one
        assert await ask(port) == b"hello"
        nursery.cancel_scope.cancel()


async def test_more_than_so_many_are_sent_away(host):
    host.behave = host.stay
    async with trio.open_nursery() as nursery:
        port = await start(nursery, host, most=1)
        async with await trio.open_tcp_stream("127.0.0.1", port):
            await host.called.wait()
            refusal = await ask(port, b"")
            nursery.cancel_scope.cancel()

    assert refusal.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After" in refusal
    assert host.served == 1


async def test_told_to_stop_it_waits_for_what_is_open(host):
    stopping, finish = trio.Event(), trio.Event()

    async def wait_and_answer(stream):
        await stream.receive_some(100)
        await finish.wait()
        await stream.send_all(b"done")

    host.behave = wait_and_answer
    answers = []

    async def ask_for_it():
        answers.append(await ask(port))

    async with trio.open_nursery() as nursery:
        port = await start(nursery, host, stopping=stopping)
        nursery.start_soon(ask_for_it)
        await host.called.wait()
        stopping.set()
        await host.left.wait()
        finish.set()

    assert answers == [b"done"]


async def test_with_nothing_open_it_ends_at_once(host):
    stopping = trio.Event()
    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        await start(nursery, host, stopping=stopping)
        stopping.set()
    assert trio.current_time() - started < 1


@pytest.mark.parametrize("deaf", [False, True])
async def test_cancelled_it_ends_soon_even_if_a_connection_is_deaf(host, deaf):
    async def stay(stream):
        with trio.CancelScope(shield=deaf):
            try:
                await stream.receive_some(1)
            except trio.ClosedResourceError:
                return

    host.behave = stay
    async with trio.open_nursery() as nursery:
        port = await start(nursery, host)
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await host.called.wait()
        started = trio.current_time()
        nursery.cancel_scope.cancel()

    assert trio.current_time() - started < HURRY + CUT + 1
    await trio.aclose_forcefully(stream)
