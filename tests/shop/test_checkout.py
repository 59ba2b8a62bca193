from collections.abc import Callable
from dataclasses import replace

import pytest
import trio

from runtime.db.base import Database, Listener
from runtime.errors import DatabaseFull, InvalidInput
from runtime.model.records import Status
from runtime.transaction import JobTransaction
from shop.checkout import checkout, open_order
from shop.errors import (
    IdempotencyMismatch,
    InProgress,
    InvalidPaymentToken,
    OrderUnconfirmed,
    OutOfStock,
    PaymentDeclined,
    PaymentFailed,
    PaymentTimedOut,
    UnknownProduct,
)
from shop.orders import Order, OrderStatus, list_orders
from shop.payments import PaymentState, settle
from shop.requests import OrderRequest


def basket(*lines: tuple[str, int], token: str = "tok_ok") -> OrderRequest:
    return OrderRequest.model_validate(
        {
            "userId": "ada",
            "email": "ada@example.com",
            "items": [{"productId": product_id, "quantity": quantity} for product_id, quantity in lines],
            "paymentToken": token,
        }
    )


async def test_an_order_is_charged_reserved_and_paid_and_its_first_job_enqueued(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 2), ("prod-2", 1))

    assert (order.status, order.total_cents) == (OrderStatus.PAID, 21497)
    assert [(item.product_id, item.quantity, item.price_cents) for item in order.items] == [
        ("prod-1", 2, 8999),
        ("prod-2", 1, 3499),
    ]
    assert await shop.stock("prod-1") == 48
    assert [(entry.reference, entry.amount_cents) for entry in shop.ledger] == [(order.id, 21497)]
    jobs = (await shop.detail(order.id)).jobs
    assert [job.type for job in jobs if job.status is Status.PENDING] == ["send_order_confirmation"]
    assert {job.status for job in jobs[1:]} == {Status.BLOCKED}


async def test_a_payment_without_outcome_has_a_recovery_job_before_it_is_charged(
    shop, autojump_clock
) -> None:
    await shop.deployment.db.write(open_order, "ord-x", basket(("prod-1", 1)), None)

    (job,) = await shop.jobs("recover_payment")
    assert (job.status, job.scheduled_at - job.created_at) == (Status.SCHEDULED, 60)
    assert shop.ledger == []


@pytest.mark.parametrize(
    ("token", "error"), [("tok_declined", PaymentDeclined), ("tok_error", PaymentFailed)]
)
async def test_a_payment_that_fails_gives_the_stock_back(
    shop, autojump_clock, token: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await shop.order(token=token)

    assert await shop.status(caught.value.order_id) is OrderStatus.PAYMENT_FAILED
    assert await shop.stock() == 50
    assert (await shop.detail(caught.value.order_id)).jobs == ()


async def test_an_unanswered_charge_is_an_open_order_not_a_failed_one(shop, autojump_clock) -> None:
    with pytest.raises(PaymentTimedOut) as caught:
        await shop.order(token="tok_timeout")

    assert await shop.status(caught.value.order_id) is OrderStatus.PENDING_PAYMENT
    assert await shop.stock() == 48


@pytest.mark.parametrize("lines", [[("prod-9", 1)], [("prod-1", 1), ("prod-9", 1)]])
async def test_an_unknown_product_is_named_by_its_place(
    shop, autojump_clock, lines: list[tuple[str, int]]
) -> None:
    with pytest.raises(UnknownProduct) as caught:
        await shop.order(*lines)

    assert [error.field for error in caught.value.errors] == [f"items.{len(lines) - 1}.productId"]
    assert await nothing_happened(shop)


async def test_more_than_there_is_cannot_be_ordered(shop, autojump_clock) -> None:
    with pytest.raises(OutOfStock):
        await shop.order(("prod-1", 1), ("prod-3", 26))

    assert await nothing_happened(shop)


async def test_one_product_on_two_lines_counts_twice(shop, autojump_clock) -> None:
    with pytest.raises(OutOfStock):
        await shop.order(("prod-3", 13), ("prod-3", 13))

    order = await shop.order(("prod-3", 12), ("prod-3", 13))
    assert (len(order.items), await shop.stock("prod-3")) == (2, 0)


async def test_a_token_that_the_gateway_never_issued_is_refused(shop, autojump_clock) -> None:
    with pytest.raises(InvalidPaymentToken) as caught:
        await shop.order(token="tok_mine")

    assert caught.value.errors[0].field == "paymentToken"
    assert await nothing_happened(shop)


async def test_stock_is_never_oversold_however_many_order_at_once(shop, autojump_clock) -> None:
    outcomes: list[str] = []

    async def buy() -> None:
        try:
            await shop.order(("prod-3", 2))
            outcomes.append("bought")
        except OutOfStock:
            outcomes.append("sold out")

    async with trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(buy)

    assert (outcomes.count("bought"), outcomes.count("sold out")) == (12, 28)
    assert await shop.stock("prod-3") == 1
    assert len(shop.ledger) == 12


async def test_the_same_request_again_has_the_same_answer_and_one_charge(shop, autojump_clock) -> None:
    first = await shop.order(key="k")
    await shop.work()

    assert await shop.order(key="k") == first
    assert await shop.status(first.id) is OrderStatus.COMPLETED
    assert len(shop.ledger) == 1
    assert await shop.stock() == 48


async def test_fifty_of_the_same_at_once_are_one_order_and_one_charge(shop, autojump_clock) -> None:
    answers: list[Order] = []

    async def press_the_button() -> None:
        answers.append(await shop.order(key="k"))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(press_the_button)

    assert len(answers) == 50
    assert len({order.id for order in answers}) == 1
    assert len(shop.ledger) == 1


async def test_another_request_under_the_same_key_is_refused(shop, autojump_clock) -> None:
    await shop.order(("prod-1", 1), key="k")

    with pytest.raises(IdempotencyMismatch):
        await shop.order(("prod-1", 2), key="k")
    assert len(shop.ledger) == 1


async def test_a_decline_is_repeated_without_asking_the_bank_again(shop, autojump_clock) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclined):
            await shop.order(token="tok_declined", key="k")

    assert len(shop.ledger) == 1


async def test_what_failed_before_anything_was_done_may_be_tried_again(shop, autojump_clock) -> None:
    with pytest.raises(OutOfStock):
        await shop.order(("prod-3", 26), key="k")

    order = await shop.order(("prod-3", 25), key="k")

    assert order.status is OrderStatus.PAID


async def test_while_the_outcome_is_unknown_the_key_is_in_progress(shop, autojump_clock) -> None:
    with pytest.raises(PaymentTimedOut):
        await shop.order(token="tok_timeout", key="k")

    with pytest.raises(InProgress) as caught:
        await shop.order(token="tok_timeout", key="k")
    assert caught.value.retry_after > 0

    await shop.work(seconds=61)
    assert (await shop.order(token="tok_timeout", key="k")).status is OrderStatus.PAID
    assert len(shop.ledger) == 1


async def test_a_bad_key_is_refused_before_anything_is_done(shop, autojump_clock) -> None:
    with pytest.raises(InvalidInput):
        await shop.order(key="")

    assert await nothing_happened(shop)


async def test_a_full_disk_after_the_charge_leaves_an_order_that_is_mended(shop, autojump_clock) -> None:
    full = replace(shop.deployment, database=FullAt(shop.deployment.database, settle))

    with pytest.raises(OrderUnconfirmed) as caught:
        await checkout(full, basket(("prod-1", 1)))

    assert await shop.status(caught.value.order_id) is OrderStatus.PENDING_PAYMENT
    await shop.work(seconds=61)
    assert await shop.status(caught.value.order_id) is OrderStatus.COMPLETED
    assert [entry.state for entry in shop.ledger] == [PaymentState.PAID]


async def nothing_happened(shop) -> bool:
    orders = await shop.deployment.db.read(list_orders)
    return not orders.items and not shop.ledger and await shop.stock() == 50


class FullAt(Database[JobTransaction]):
    """A database on a disk that is full whenever one function wants to write."""

    def __init__(self, real: Database[JobTransaction], fn: Callable[..., object]) -> None:
        self._real = real
        self._fn = fn

    async def read(self, fn, /, *args, **kwargs):
        return await self._real.read(fn, *args, **kwargs)

    async def write(self, fn, /, *args, **kwargs):
        if fn is self._fn:
            raise DatabaseFull("disk full")
        return await self._real.write(fn, *args, **kwargs)

    async def write_relaxed(self, fn, /, *args, **kwargs):
        return await self.write(fn, *args, **kwargs)

    @property
    def clock(self):
        return self._real.clock

    def listen(self, listener: Listener) -> Callable[[], None]:
        return self._real.listen(listener)
