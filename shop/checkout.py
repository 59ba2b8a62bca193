"""Checkout: from a request to a paid order.

    1. one transaction: stock, order, idempotency key, intent to charge, recovery job
    2. charge; the order id is the gateway's idempotency key
    3. one transaction: the outcome and the first job of the order

A crash between any two leaves what the recovery job needs to finish or undo it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import trio

from runtime.app import Deployment
from runtime.db.base import UniqueViolation, brief
from runtime.errors import DatabaseError
from runtime.transaction import JobTransaction
from shop import products
from shop.errors import (
    GatewayUnreachable,
    IdempotencyMismatch,
    InProgress,
    InvalidPaymentToken,
    OrderUnconfirmed,
    PaymentDeclined,
    PaymentFailed,
    PaymentTimedOut,
    UnknownProduct,
)
from shop.orders import NewOrder, Order, OrderItem, OrderStatus, insert_order
from shop.payments import (
    Payment,
    PaymentResult,
    PaymentState,
    begin_payment,
    find_order_and_payment,
    settle,
)
from shop.products import Product
from shop.requests import OrderLine, OrderRequest, check_key, find_request, remember_request
from shop.services.bundle import ShopServices
from shop.services.gateway import ANSWER_TIME

RETRY_AFTER = 5.0


async def checkout(
    deployment: Deployment, request: OrderRequest, idempotency_key: str | None = None
) -> Order:
    """Place an order and charge for it. Call it where a client that hangs up does not cancel it.

    With an idempotency key the same request has the same answer and is charged
    once, however often and from wherever it comes; a second one waits for the first.

    Raises:
        UnknownProduct, InvalidPaymentToken, IdempotencyMismatch, OutOfStock, InProgress: nothing was done.
        InvalidInput: the key is not 1 to 255 printable ASCII characters.
        PaymentDeclined, PaymentFailed: the order is stored, nothing is charged or reserved.
        PaymentTimedOut, OrderUnconfirmed: the order is stored; the recovery job will settle it.
        DatabaseError: nothing was done.
    """
    services = deployment.service(ShopServices)
    if not services.gateway.knows(request.payment_token):
        raise InvalidPaymentToken
    if idempotency_key is None:
        return await _place(deployment, services, request, None)
    check_key(idempotency_key)
    async with services.turns.take(idempotency_key):
        return await _place(deployment, services, request, idempotency_key)


async def _place(
    deployment: Deployment, services: ShopServices, request: OrderRequest, key: str | None
) -> Order:
    new_id = services.new_order_id(deployment.clock.now())
    try:
        opened = await deployment.db.write(open_order, new_id, request, key)
    except UniqueViolation as error:  # another process began with the same key at this moment
        raise InProgress(RETRY_AFTER) from error
    if isinstance(opened, NewOrder):
        result = await _charge(services, opened, request.payment_token)
        opened = await _settle(deployment, new_id, result)
    return answer(*opened)


async def _charge(services: ShopServices, order: NewOrder, token: str) -> PaymentResult:
    try:
        with trio.fail_after(ANSWER_TIME):
            return await services.gateway.charge(order.id, order.total_cents, token)
    except (GatewayUnreachable, trio.TooSlowError) as error:
        raise PaymentTimedOut(order.id, "the payment gateway did not answer; we will find out") from error


async def _settle(deployment: Deployment, order_id: str, result: PaymentResult) -> tuple[Order, Payment]:
    try:
        return await deployment.db.write(settle, order_id, result)
    except DatabaseError as error:
        raise OrderUnconfirmed(order_id) from error


@brief
def open_order(
    tx: JobTransaction, new_id: str, request: OrderRequest, key: str | None
) -> NewOrder | tuple[Order, Payment]:
    """Reserve the stock and store the order with its intent to charge.

    Where the key stands for an earlier order, return that one with its payment instead.

    Raises:
        UnknownProduct, OutOfStock, IdempotencyMismatch: nothing was stored.
    """
    earlier = None if key is None else find_request(tx, key)
    if earlier is not None:
        if earlier.fingerprint != request.fingerprint():
            raise IdempotencyMismatch
        return find_order_and_payment(tx, earlier.order_id)
    quantities = _quantities(request.items)
    products.foresee(tx, quantities)
    items = _priced(request.items, {each: products.find_product(tx, each) for each in quantities})
    products.reserve(tx, quantities)
    order = NewOrder(id=new_id, user_id=request.user_id, email=request.email, items=items)
    insert_order(tx, order)
    begin_payment(tx, new_id, order.total_cents)
    if key is not None:
        remember_request(tx, key, request.fingerprint(), new_id)
    return order


def answer(order: Order, payment: Payment) -> Order:
    """What the customer is told: the same at every repetition, whatever happened to the order since.

    Raises:
        PaymentDeclined, PaymentFailed: it was not paid.
        InProgress: the outcome is not known yet.
    """
    match payment.state:
        case PaymentState.PAID:
            return replace(order, status=OrderStatus.PAID, completed_at=None)
        case PaymentState.DECLINED:
            raise PaymentDeclined(order.id, payment.reason or "the payment was declined")
        case PaymentState.FAILED:
            raise PaymentFailed(order.id, payment.reason or "the payment failed")
        case PaymentState.STARTED:
            raise InProgress(RETRY_AFTER)


def _quantities(lines: Sequence[OrderLine]) -> Counter[str]:
    """How many of each product; it may stand in several lines."""
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.product_id] += line.quantity
    return quantities


def _priced(lines: Sequence[OrderLine], found: Mapping[str, Product | None]) -> list[OrderItem]:
    """The lines with today's names and prices."""
    items, unknown = [], []
    for position, line in enumerate(lines):
        product = found[line.product_id]
        if product is None:
            unknown.append((position, line.product_id))
        else:
            items.append(OrderItem(product.id, product.name, line.quantity, product.price_cents))
    if unknown:
        raise UnknownProduct(unknown)
    return items
