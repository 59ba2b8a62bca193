"""Webhooks over real processes: signed requests to a real server, verified by the reference library."""

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook

from tests.system.harness import Deployment, Site
from tests.system.process import eventually

pytestmark = [pytest.mark.slow, pytest.mark.system]

ORDER = {
    "userId": "ada",
    "email": "ada@example.com",
    "items": [{"productId": "prod-1", "quantity": 1}],
    "paymentToken": "tok_ok",
}


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers what it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiving)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Receiving(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.server.hold.wait(30)
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


ALLOW = {"SHOP_WEBHOOK_ALLOW": "127.0.0.1/32"}


def register(site: Site, url: str) -> dict:
    answer = site.post("/webhooks", {"url": url, "events": ["order.paid", "order.completed"]})
    assert answer.status == 201
    return answer.json


def test_an_order_is_told_to_a_server_that_verifies_it(shop: Deployment, receiver: Receiver) -> None:
    receiver.answers.append(500)  # the first attempt of the first message
    up = Site(shop.start("up", "--port", "0", **ALLOW))
    webhook = register(up, receiver.url)

    order = up.post("/orders", ORDER).json

    eventually(lambda: len(receiver.received) >= 3, within=30, why=lambda: up.process.log)
    verifier = Webhook(webhook["secret"])
    told = [(headers["webhook-id"], verifier.verify(body, headers)) for headers, body in receiver.received]
    assert sorted(message["type"] for _, message in told) == [
        "order.completed",
        "order.paid",
        "order.paid",
    ] or sorted(message["type"] for _, message in told) == [
        "order.completed",
        "order.completed",
        "order.paid",
    ]
    assert len({message_id for message_id, _ in told}) == 2
    assert {message["data"]["id"] for _, message in told} == {order["id"]}


def test_a_request_whose_worker_is_killed_is_made_again_by_another(
    shop: Deployment, receiver: Receiver
) -> None:
    site = Site(shop.start("web", "--port", "0", **ALLOW))
    webhook = register(site, receiver.url)
    receiver.hold.clear()
    worker = shop.start("worker", "--only", "deliver_webhook", **ALLOW)
    site.post("/orders", ORDER)
    eventually(lambda: receiver.received, within=20, why=lambda: worker.log)

    worker.signal(signal.SIGKILL)
    worker.end()
    receiver.hold.set()
    shop.start("worker", "--only", "deliver_webhook", **ALLOW)

    eventually(lambda: len(receiver.received) >= 2, within=20, why=lambda: worker.log)
    (first, body), (second, same) = receiver.received[:2]
    assert (first["webhook-id"], body) == (second["webhook-id"], same)
    assert json.loads(body) == Webhook(webhook["secret"]).verify(same, second)


def test_without_permission_nothing_on_this_machine_is_reached(shop: Deployment, receiver: Receiver) -> None:
    site = Site(shop.start("web", "--port", "0", **ALLOW))
    register(site, receiver.url)
    worker = shop.start(
        "worker", "--only", "deliver_webhook"
    )  # its own settings count, not those at registration

    site.post("/orders", ORDER)

    eventually(
        lambda: shop.rows("SELECT last_error FROM webhook_deliveries WHERE attempts > 0"),
        within=20,
        why=lambda: worker.log,
    )
    assert shop.rows("SELECT last_error FROM webhook_deliveries") == [("no connection could be made",)]
    assert receiver.received == []
