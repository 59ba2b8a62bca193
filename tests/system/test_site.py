"""The site as a process: money outlives whoever hangs up, and a part that dies takes the process with it."""

import fcntl
import json
import os
import signal
import socket
import struct
from contextlib import contextmanager, suppress

import pytest

from tests.system.harness import Deployment, Site
from tests.system.process import eventually
from tests.system.test_contention import ORDER

pytestmark = [pytest.mark.slow, pytest.mark.system]


def close(connection: socket.socket) -> None:
    connection.close()


def half_close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def gateway_is_slow(shop: Deployment):
    """The simulated gateway answers nobody while the block runs: its ledger is locked."""
    ledger = os.open(shop.path.with_name(f"{shop.path.name}-gateway.jsonl"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        yield
    finally:
        os.close(ledger)


def charges(shop: Deployment) -> list[str]:
    lines = shop.path.with_name(f"{shop.path.name}-gateway.jsonl").read_text().splitlines()
    return [json.loads(line)["state"] for line in lines]


def send_order(site: Site) -> socket.socket:
    body = json.dumps(ORDER).encode()
    connection = socket.create_connection(("127.0.0.1", site.port))
    connection.sendall(
        b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    return connection


@pytest.mark.parametrize("hang_up", [close, half_close, reset])
def test_an_order_whose_client_hangs_up_while_it_is_charged_is_paid_once(shop: Deployment, hang_up):
    site = shop.site()
    with gateway_is_slow(shop):
        connection = send_order(site)
        eventually(lambda: shop.rows("SELECT id FROM orders"))

        hang_up(connection)

        assert site.get("/livez").status == 200
        assert charges(shop) == []
    eventually(lambda: shop.rows("SELECT status FROM orders") == [("paid",)])
    connection.close()
    assert charges(shop) == ["paid"]
    assert shop.rows("SELECT count(*) FROM jobs WHERE type = 'send_order_confirmation'") == [(1,)]
    assert shop.rows("SELECT stock FROM products WHERE id = 'prod-1'") == [(49,)]


def test_an_order_in_flight_at_sigterm_is_answered(shop: Deployment):
    site = shop.site()
    with gateway_is_slow(shop):
        connection = send_order(site)
        eventually(lambda: shop.rows("SELECT id FROM orders"))
        site.process.signal(signal.SIGTERM)
        site.process.until("no longer listening")

    with connection:
        connection.settimeout(10)
        assert connection.recv(4096).startswith(b"HTTP/1.1 201")
    assert site.process.end() == 0
    assert shop.rows("SELECT status FROM orders") == [("paid",)]
    assert charges(shop) == ["paid"]


def test_a_part_of_the_runtime_that_dies_takes_the_process_with_it(torture: Deployment):
    up = Site(torture.start("up", "--port", "0", "--rate", "echo=10/s"))
    up.process.until("worker started")
    with torture.locked() as connection:  # somebody with a shell, who thinks that this is how it is written
        connection.execute("UPDATE rate_limits SET rate = 'ten a second'")

    with suppress(ConnectionError):  # the answer may go down with it
        up.post("/admin/jobs", {"type": "echo"})

    assert up.process.end(within=5) not in {0, None}
    (complaint,) = [line["event"] for line in up.process.log if str(line["event"]).startswith("creche: ")]
    assert "ten a second" in complaint
