"""The shop's invariants: a shop that was used keeps them all, and each of them finds what it is for."""

from collections.abc import Sequence

import apsw
import pytest

from runtime.store.doctor import Verdict, check
from shop.errors import PaymentDeclined
from shop.invariants import INVARIANTS

# An order that is completed (1), one that is paid and begun (2), and one whose payment was declined (3).
HARM = {
    "orders": "DELETE FROM order_work WHERE order_id = 'ord-2'",
    "order jobs": "DELETE FROM workflow_jobs",
    "order states": "UPDATE orders SET status = 'paid' WHERE id = 'ord-1'",
    "payments": "UPDATE orders SET status = 'paid' WHERE id = 'ord-3'",
    "open payments": "UPDATE payments SET state = 'started' WHERE order_id = 'ord-1'",
    "totals": "UPDATE orders SET total_cents = total_cents + 1 WHERE id = 'ord-1'",
    "invoices": "UPDATE invoices SET number = number + 7",
}


@pytest.fixture
async def used(shop, autojump_clock):
    await shop.order(("prod-1", 2), ("prod-2", 1))
    await shop.work(seconds=100)
    await shop.order()
    with pytest.raises(PaymentDeclined):
        await shop.order(token="tok_declined")
    return shop


async def findings(shop) -> Sequence[str]:
    checks = [await shop.deployment.db.read(check, invariant) for invariant in INVARIANTS]
    return [found.name for found in checks if found.verdict is Verdict.FINDING]


async def test_a_shop_that_was_used_keeps_them(used, autojump_clock):
    assert await findings(used) == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # it tampers with the file
@pytest.mark.parametrize("name", HARM)
async def test_each_finds_what_it_is_for(used, autojump_clock, name):
    connection = apsw.Connection(str(used.deployment.location.path))
    connection.execute(HARM[name])
    connection.close()

    assert name in await findings(used)


def test_every_one_of_them_is_tried():
    assert set(HARM) == {invariant.name for invariant in INVARIANTS}
