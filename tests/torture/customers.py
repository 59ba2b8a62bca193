"""Customers: threads that order over HTTP, each order under a key of its own, again until it is answered."""

import json
import random
import threading
from collections import Counter
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

from runtime.app import Deployment
from runtime.errors import NotAllowed
from tests.system.process import eventually
from tests.torture.checker import History
from tests.torture.siege import Siege

PLENTY = 10_000_000
TRIES = 40
"""For one order, before a customer gives up and never knows."""


def order(key: str, token: str = "tok_ok") -> dict[str, object]:
    """An order that its customer's name tells from all others."""
    return {
        "userId": key,
        "email": f"{key}@example.com",
        "items": [{"productId": "prod-1", "quantity": 1}],
        "paymentToken": token,
    }


def post(port: int, key: str, body: object, patience: float = 10) -> tuple[int, bytes] | None:
    """Send an order; None where no answer came, so that nobody knows."""
    connection = HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        connection.request("POST", "/orders", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


class Customers:
    """Order without pause until told to stop."""

    def __init__(self, port: int, seed: int, number: int = 3) -> None:
        self.attempted: set[str] = set()
        self.acknowledged: set[str] = set()
        self.answers: Counter[int | None] = Counter()
        self._port = port
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._order, args=(n, random.Random(seed + n)), daemon=True)
            for n in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let them finish what they are at."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _order(self, customer: int, chance: random.Random) -> None:
        while not self._stopping.is_set():
            key = f"customer-{customer}-{chance.getrandbits(48):012x}"
            self.attempted.add(key)
            for _ in range(TRIES):
                answer = post(self._port, key, order(key))
                self.answers[answer and answer[0]] += 1
                if answer and answer[0] == 201:
                    self.acknowledged.add(key)
                    break
                if self._stopping.wait(chance.uniform(0.02, 0.15)):
                    return


def stock_up(shop: Siege) -> None:
    """So much of everything that it does not run out."""
    shop.change("UPDATE products SET stock = ?", PLENTY)


def drain(shop: Siege, within: float = 60) -> None:
    """Wait until every order has its outcome and its work is done, as long as some is done each `within` s.

    Recovery jobs need not wait their minute, and what was buried as a poison pill, because we killed
    its workers thrice, comes back, as an operator would have it.
    """

    def done() -> bool:
        return not _hasten(shop) and not shop.revive() and not shop.rows(UNDONE)

    left = _left(shop)
    while not done():
        with suppress(AssertionError):
            eventually(done, within)
            return
        before, left = left, _left(shop)
        assert left < before, f"nothing done within {within} s: {shop.rows(LEFT)}"


def _left(shop: Siege) -> int:
    """How many jobs have not ended."""
    ((number,),) = shop.rows(
        "SELECT count(*) FROM jobs WHERE status NOT IN ('completed', 'failed', 'cancelled')"
    )
    return int(number)


LEFT = "SELECT type, status, count(*), max(last_error), max(locked_by) FROM jobs GROUP BY 1, 2"
UNDONE = (
    "SELECT 1 FROM orders WHERE status IN ('pending_payment', 'paid') UNION ALL "
    "SELECT 1 FROM jobs WHERE status IN ('pending', 'processing') OR "
    "(status = 'scheduled' AND type != 'send_followup_email') LIMIT 1"
)


def _hasten(shop: Siege) -> bool:
    """Let the recovery jobs that wait for their minute run now; whether there were any."""
    waiting = [
        int(job)
        for (job,) in shop.rows(
            "SELECT id FROM jobs WHERE type = 'recover_payment' AND status = 'scheduled' AND attempts = 0"
        )
    ]

    async def retry(deployment: Deployment) -> None:
        for job in waiting:
            with suppress(NotAllowed):  # its own moment has come meanwhile
                await deployment.queue.retry(job)

    if waiting:
        shop.ask(retry)
    return bool(waiting)


def gather(shop: Siege, customers: Customers | None = None) -> History:
    """What the shop's books and the gateway's say of the orders."""
    users = dict(shop.rows("SELECT id, user_id FROM orders"))
    history = History()
    if customers is not None:
        history.attempted |= customers.attempted
        history.acknowledged |= customers.acknowledged
    history.effects.update(
        str(user) for (user,) in shop.rows("SELECT user_id FROM orders WHERE status = 'completed'")
    )
    history.charges.update(str(users[entry["reference"]]) for entry in charges(shop))
    paid = shop.rows("SELECT user_id FROM orders WHERE status IN ('paid', 'completed')")
    history.paid |= {str(user) for (user,) in paid}
    waiting = shop.rows("SELECT user_id FROM orders WHERE status IN ('pending_payment', 'paid')")
    history.unfinished |= {str(user) for (user,) in waiting}
    return history


def charges(shop: Siege) -> list[dict[str, str]]:
    """What the gateway has charged, line by line as it wrote it down."""
    lines = shop.ledger.read_text().splitlines() if shop.ledger.exists() else []
    return [entry for entry in map(json.loads, lines) if entry["state"] == "paid"]


def mails_by_order(shop: Siege) -> Counter[str]:
    """How many confirmations went out for each order that was paid."""
    mails = [mail.read_text() for mail in shop.mails.iterdir()] if shop.mails.exists() else []
    orders = [str(order) for (order,) in shop.rows("SELECT id FROM orders WHERE paid_at IS NOT NULL")]
    return Counter({order: sum(order in mail for mail in mails) for order in orders})
