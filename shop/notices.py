"""Notices: what other systems are told of orders, through webhooks, and when."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import JsonValue

from runtime.transaction import JobTransaction
from shop import webhooks
from shop.orders import find_order
from shop.texts import utc


class OrderEvent(StrEnum):
    """What endpoints may listen to."""

    PAID = "order.paid"
    COMPLETED = "order.completed"
    """Paid, confirmed, invoiced, and the warehouse knows."""
    FAILED = "order.failed"
    """The payment was declined or could not be made."""


def announce(tx: JobTransaction, event: OrderEvent, order_id: str, *, reason: str | None = None) -> None:
    """Tell those who listen, in the transaction that makes it true; the order is described as it is then."""
    webhooks.publish(tx, event, order_id, lambda: _described(tx, order_id, reason))


def _described(tx: JobTransaction, order_id: str, reason: str | None) -> Mapping[str, JsonValue]:
    order = find_order(tx, order_id)
    if order is None:
        return {"id": order_id}
    described: dict[str, JsonValue] = {
        "id": order.id,
        "userId": order.user_id,
        "status": order.status,
        "total": order.total_cents / 100,
        "items": [
            {"productId": item.product_id, "quantity": item.quantity, "price": item.price_cents / 100}
            for item in order.items
        ],
        "createdAt": utc(order.created_at).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return described if reason is None else {**described, "reason": reason}
