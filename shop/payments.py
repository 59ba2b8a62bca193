"""Payments: the intent written before a charge, and the one door through which its outcome comes.

The checkout and the recovery job both settle; whoever comes second finds it done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runtime.db.base import Value, brief
from runtime.errors import NotFound
from runtime.transaction import JobTransaction
from shop import fulfilment
from shop.jobs import RecoverPayment
from shop.notices import OrderEvent, announce
from shop.orders import Order, find_order, mark, marking
from shop.products import give_back

RECOVERY_DELAY = 60.0
"""Seconds after which a payment without outcome is looked into; well above any checkout's length."""


class PaymentState(StrEnum):
    """What is known of a payment."""

    STARTED = "started"
    """The gateway was asked or is about to be; the outcome is not known."""
    PAID = "paid"
    DECLINED = "declined"
    FAILED = "failed"
    """The gateway could not charge, or was told never to."""


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """What the gateway said; never STARTED."""

    state: PaymentState
    charge_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of an order as it is stored."""

    order_id: str
    state: PaymentState
    amount_cents: int
    charge_id: str | None
    reason: str | None


def begin_payment(tx: JobTransaction, order_id: str, amount_cents: int) -> None:
    """Write down that a charge is about to be made, and the job that looks into it if we cannot."""
    tx.change("insert_payment", order_id=order_id, amount_cents=amount_cents, now=tx.now)
    tx.enqueue(RecoverPayment(order_id=order_id), delay=RECOVERY_DELAY)


def find_payment(tx: JobTransaction, order_id: str) -> Payment | None:
    """The payment of an order."""
    return tx.one("find_payment", _payment, order_id=order_id)


@brief
def settle(tx: JobTransaction, order_id: str, result: PaymentResult) -> tuple[Order, Payment]:
    """Write down the outcome of a charge and set off what follows from it, once.

    When there is an outcome already it stands. Returns the order and the payment as they are now.

    Raises:
        NotFound: no such order.
    """
    paid = result.state is PaymentState.PAID
    settlement: Mapping[str, Value] = {
        "order_id": order_id,
        "state": result.state,
        "charge_id": result.charge_id,
        "reason": result.reason,
        "now": tx.now,
    }
    tx.foresee(("settle_payment", settlement), *marking(order_id, tx.now, paid=paid))
    payment = tx.one("settle_payment", _payment, **settlement)
    order = mark(tx, order_id, paid=paid)  # where the payment has an outcome, the order has it, too
    if payment is None:
        return find_order_and_payment(tx, order_id)
    if order is None:
        raise NotFound(f"no order {order_id} waits for its payment")
    if paid:
        fulfilment.begin(tx, order)
        announce(tx, OrderEvent.PAID, order_id)
    else:
        give_back(tx, order_id)
        announce(tx, OrderEvent.FAILED, order_id, reason=result.reason)
    return order, payment


def find_order_and_payment(tx: JobTransaction, order_id: str) -> tuple[Order, Payment]:
    """Both as they are now.

    Raises:
        NotFound: no such order.
    """
    order, payment = find_order(tx, order_id), find_payment(tx, order_id)
    if order is None or payment is None:
        raise NotFound(f"there is no order {order_id}")
    return order, payment


def _payment(
    order_id: str, state: str, amount_cents: int, charge_id: str | None, reason: str | None
) -> Payment:
    return Payment(order_id, PaymentState(state), amount_cents, charge_id, reason)
