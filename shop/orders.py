"""Orders: what is stored of them, and the lists that people see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from runtime.db.base import Question, Transaction
from runtime.model.records import Page, Status

MAX_NUMBER = 2**63 - 1


class OrderStatus(StrEnum):
    """How far an order is."""

    PENDING_PAYMENT = "pending_payment"
    """Stock is reserved; whether the customer was charged is not known yet."""
    PAID = "paid"
    COMPLETED = "completed"
    """Paid, confirmed, invoiced, and the warehouse knows."""
    PAYMENT_FAILED = "payment_failed"
    """Nothing was charged and the stock was given back."""


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line of an order, with name and price as they were when it was placed."""

    product_id: str
    name: str
    quantity: int
    price_cents: int
    """Of one piece."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its lines."""

    number: int
    """Counts up: the cursor of lists."""
    id: str
    """Not guessable."""
    user_id: str
    email: str
    status: OrderStatus
    total_cents: int
    created_at: float
    paid_at: float | None = None
    completed_at: float | None = None
    items: tuple[OrderItem, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderJob:
    """A job that works for an order."""

    id: int
    type: str
    status: Status


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order and what its jobs have done so far."""

    order: Order
    jobs: tuple[OrderJob, ...]
    has_invoice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order about to be stored."""

    id: str
    user_id: str
    email: str
    items: Sequence[OrderItem]

    @property
    def total_cents(self) -> int:
        """What the customer is charged."""
        return sum(item.quantity * item.price_cents for item in self.items)


def insert_order(tx: Transaction, order: NewOrder) -> None:
    """Store an order that waits for its payment."""
    tx.change(
        "insert_order",
        id=order.id,
        user_id=order.user_id,
        email=order.email,
        total_cents=order.total_cents,
        created_at=tx.now,
    )
    tx.many(
        "insert_order_item",
        [
            (order.id, line, item.product_id, item.name, item.quantity, item.price_cents)
            for line, item in enumerate(order.items)
        ],
    )


def find_order(tx: Transaction, order_id: str) -> Order | None:
    """The order of that id."""
    order = tx.one("find_order", _order, id=order_id)
    return None if order is None else _with_items(tx, order)


def find_order_detail(tx: Transaction, order_id: str) -> OrderDetail | None:
    """The order of that id, its jobs, and whether its invoice is ready."""
    order = find_order(tx, order_id)
    if order is None:
        return None
    jobs = tx.all("list_order_jobs", _order_job, order_id=order_id)
    return OrderDetail(order, tuple(jobs), tx.one("count_invoices", bool, order_id=order_id) is True)


def list_orders(
    tx: Transaction, user_id: str | None = None, *, limit: int = 50, cursor: int | None = None
) -> Page[Order]:
    """Orders with their lines, newest first: all, or one user's."""
    before = MAX_NUMBER if cursor is None else cursor
    if user_id is None:
        found = tx.all("list_orders", _order, before=before, most=limit + 1)
    else:
        found = tx.all("list_orders_of_user", _order, user_id=user_id, before=before, most=limit + 1)
    shown = found[:limit]
    more = shown[-1].number if len(found) > limit and shown else None
    return Page(tuple(_with_items(tx, order) for order in shown), more)


def marking(order_id: str, now: float, *, paid: bool) -> tuple[Question, Question]:
    """What `mark` asks, for `Transaction.foresee`."""
    name = "mark_order_paid" if paid else "mark_order_unpaid"
    return (name, {"id": order_id, "now": now}), ("list_order_items", {"order_id": order_id})


def mark(tx: Transaction, order_id: str, *, paid: bool) -> Order | None:
    """Note whether the customer has paid. The order as it is now; None where none waits for its payment."""
    (name, parameters), _ = marking(order_id, tx.now, paid=paid)
    order = tx.one(name, _order, **parameters)
    return None if order is None else _with_items(tx, order)


def _with_items(tx: Transaction, order: Order) -> Order:
    return replace(order, items=tuple(tx.all("list_order_items", OrderItem, order_id=order.id)))


def _order(
    number: int,
    order_id: str,
    user_id: str,
    email: str,
    status: str,
    total_cents: int,
    created_at: float,
    paid_at: float | None,
    completed_at: float | None,
) -> Order:
    known = OrderStatus(status)
    return Order(number, order_id, user_id, email, known, total_cents, created_at, paid_at, completed_at)


def _order_job(job_id: int, job_type: str, status: str) -> OrderJob:
    return OrderJob(job_id, job_type, Status(status))
