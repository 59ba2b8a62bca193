import pytest

from runtime.errors import NotFound
from shop.checkout import open_order
from shop.errors import PaymentFailed
from shop.orders import NewOrder, OrderStatus
from shop.payments import PaymentResult, PaymentState, settle
from shop.requests import OrderRequest

PAID = PaymentResult(PaymentState.PAID, "charge-1")
FAILED = PaymentResult(PaymentState.FAILED, reason="no")


async def open_one(shop) -> str:
    request = OrderRequest.model_validate(
        {
            "userId": "ada",
            "email": "ada@example.com",
            "items": [{"productId": "prod-1", "quantity": 2}, {"productId": "prod-1", "quantity": 1}],
            "paymentToken": "tok_ok",
        }
    )
    order = await shop.deployment.db.write(open_order, "ord-x", request, None)
    assert isinstance(order, NewOrder)
    return order.id


async def test_who_settles_second_changes_nothing(shop, autojump_clock) -> None:
    order_id = await open_one(shop)

    await shop.deployment.db.write(settle, order_id, PAID)
    order, payment = await shop.deployment.db.write(settle, order_id, FAILED)

    assert (order.status, payment.state) == (OrderStatus.PAID, PaymentState.PAID)
    assert len(await shop.jobs("send_order_confirmation")) == 1
    assert await shop.stock() == 47


async def test_stock_is_given_back_once_and_whole(shop, autojump_clock) -> None:
    order_id = await open_one(shop)

    for _ in range(2):
        await shop.deployment.db.write(settle, order_id, FAILED)

    assert await shop.stock() == 50
    assert await shop.stock("prod-2") == 100


async def test_an_order_that_is_not_there_cannot_be_settled(shop, autojump_clock) -> None:
    with pytest.raises(NotFound):
        await shop.deployment.db.write(settle, "ord-0", PAID)


async def test_a_crash_between_charge_and_save_is_found_and_mended(shop, autojump_clock) -> None:
    order_id = await open_one(shop)
    await shop.services.gateway.charge(order_id, 26997, "tok_ok")

    await shop.work(seconds=61)

    assert await shop.status(order_id) is OrderStatus.COMPLETED
    assert shop.sent == [f"confirmation.{order_id}"]
    assert len(shop.ledger) == 1


async def test_a_crash_before_the_charge_gives_the_stock_back_and_nothing_is_charged_later(
    shop, autojump_clock
) -> None:
    order_id = await open_one(shop)

    await shop.work(seconds=61)
    late = await shop.services.gateway.charge(order_id, 26997, "tok_ok")

    assert await shop.status(order_id) is OrderStatus.PAYMENT_FAILED
    assert await shop.stock() == 50
    assert late.state is PaymentState.FAILED
    assert sum(entry.amount_cents for entry in shop.ledger) == 0


async def test_recovery_leaves_a_settled_order_alone(shop, autojump_clock) -> None:
    paid = await shop.order()
    with pytest.raises(PaymentFailed) as caught:
        await shop.order(token="tok_error")

    await shop.work(seconds=61)

    assert await shop.status(paid.id) is OrderStatus.COMPLETED
    assert await shop.status(caught.value.order_id) is OrderStatus.PAYMENT_FAILED
    assert await shop.stock() == 48
    assert len(shop.ledger) == 1
