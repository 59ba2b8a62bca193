"""What others are told of orders: exactly what is so, from the transaction that makes it so."""

import json

import pytest

from runtime.testing import open_testing
from shop.app import build_app
from shop.errors import PaymentError, PaymentTimedOut
from shop.fulfilment import complete
from shop.notices import OrderEvent
from shop.orders import OrderStatus
from shop.payments import PaymentResult, PaymentState, settle
from shop.webhooks import Webhooks
from shop.webhooks.addresses import Policy
from shop.webhooks.endpoints import register
from shop.webhooks.guard import Guard
from tests.shop.conftest import CALM, NOON, OpenShop, numbered_ids
from tests.shop.webhooks.conftest import ObedientSender, nowhere

URL = "https://a.example/hook"


@pytest.fixture
def sender() -> ObedientSender:
    return ObedientSender()


@pytest.fixture
async def shop(tmp_path, sender, autojump_clock):
    """The test must take `autojump_clock` too."""
    webhooks = Webhooks(guard=Guard(Policy(), nowhere), sender=sender)
    app = build_app(CALM, numbered_ids(), webhooks)
    async with open_testing(app, tmp_path / "shop.db", seed=1, start=NOON) as deployment:
        await deployment.db.write(register, await webhooks.prepare(URL, list(OrderEvent)))
        yield OpenShop(deployment)


def told(sender: ObedientSender) -> list[dict]:
    return [json.loads(sent.body) for sent in sender.sent]


async def test_a_paid_order_is_told_and_then_its_completion(shop, sender, autojump_clock) -> None:
    await shop.order(("prod-1", 2))
    await shop.work(60)

    paid, completed = told(sender)
    order = {
        "id": "ord-1",
        "userId": "ada",
        "total": 179.98,
        "items": [{"productId": "prod-1", "quantity": 2, "price": 89.99}],
        "createdAt": "2026-01-01T12:00:00.000Z",
    }
    assert (paid["type"], paid["data"]) == ("order.paid", {**order, "status": "paid"})
    assert (completed["type"], completed["data"]) == ("order.completed", {**order, "status": "completed"})
    assert paid["timestamp"] <= completed["timestamp"]


@pytest.mark.parametrize("token", ["tok_declined", "tok_error"])
async def test_a_payment_that_failed_is_told_with_its_reason(shop, sender, autojump_clock, token) -> None:
    with pytest.raises(PaymentError) as failed:
        await shop.order(("prod-1", 2), token=token)
    await shop.work()

    [message] = told(sender)
    assert message["type"] == "order.failed"
    assert (message["data"]["status"], message["data"]["reason"]) == ("payment_failed", str(failed.value))


async def test_an_order_whose_payment_is_found_out_later_is_told_then(shop, sender, autojump_clock) -> None:
    with pytest.raises(PaymentTimedOut):
        await shop.order(("prod-1", 2), token="tok_timeout")
    await shop.work()
    assert told(sender) == []

    await shop.work(120)

    assert [message["type"] for message in told(sender)] == ["order.paid", "order.completed"]


async def test_what_happens_again_is_not_told_again(shop, sender, autojump_clock) -> None:
    order = await shop.order()
    await shop.work(60)
    assert await shop.status(order.id) is OrderStatus.COMPLETED

    await shop.deployment.db.write(complete, order.id)
    await shop.deployment.db.write(settle, order.id, PaymentResult(PaymentState.PAID))
    await shop.work(60)

    assert len(told(sender)) == 2


async def test_news_that_is_undone_reaches_nobody(shop, sender, autojump_clock) -> None:
    def settle_and_fail(tx, order_id: str) -> None:
        settle(tx, order_id, PaymentResult(PaymentState.PAID))
        raise RuntimeError("the disk is full")

    with pytest.raises(PaymentTimedOut):
        await shop.order(token="tok_timeout")
    with pytest.raises(RuntimeError):
        await shop.deployment.db.write(settle_and_fail, "ord-1")

    assert await shop.jobs("deliver_webhook") == ()
    assert await shop.status("ord-1") is OrderStatus.PENDING_PAYMENT


async def test_who_listens_to_nothing_of_it_costs_an_order_nothing(tmp_path, autojump_clock) -> None:
    app = build_app(CALM, numbered_ids())
    async with open_testing(app, tmp_path / "quiet.db", start=NOON) as deployment:
        quiet = OpenShop(deployment)
        await quiet.order()
        await quiet.work(60)

        assert await quiet.jobs("deliver_webhook") == ()
