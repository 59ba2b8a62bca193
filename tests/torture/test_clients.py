"""Slow clients (T23): hundreds that dribble headers or bodies, or do not read, cost honest ones nothing."""

import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.system]


def dribble(port: int, how: str, stopping: threading.Event, clients: list[socket.socket]) -> None:
    """Keep all of them busy, a few bytes at a time."""
    for client in clients:
        with suppress(OSError):
            client.connect(("127.0.0.1", port))
            if how == "headers":
                client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
            elif how == "body":
                client.sendall(
                    b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 100000\r\n\r\n{"
                )
            else:
                client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
    while not stopping.wait(0.3):
        for client in clients:
            with suppress(OSError):
                if how == "headers":
                    client.sendall(b"X-More: 1\r\n")
                elif how == "body":
                    client.sendall(b" ")


def memory(pid: int) -> int:
    """The kilobytes that a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.parametrize(
    "how", ["headers", *(pytest.param(how, marks=pytest.mark.torture) for how in ("body", "deaf"))]
)
def test_slow_clients_do_not_slow_the_honest_ones(siege, blows, size, measured, how):
    process = siege.up()
    before = memory(process.pid)
    stopping = threading.Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(size(100, 300))]
        for client in clients:
            client.settimeout(0.05)
            if how == "deaf":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        thread = threading.Thread(target=dribble, args=(siege.port, how, stopping, clients))
        thread.start()
        times = []
        for _ in range(blows(60, 300)):
            began = time.monotonic()
            assert siege.site_at().get("/livez").status == 200
            times.append(time.monotonic() - began)
        stopping.set()
        thread.join()
    grown = (memory(process.pid) - before) / 1024
    slowest = sorted(times)[-1 - len(times) // 100]
    measured("99 of 100 answered within", slowest, "s")
    measured("memory grown", grown, "MiB")
    assert slowest < 1
    assert grown < 60
    assert process.running
