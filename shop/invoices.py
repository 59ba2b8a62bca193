"""Invoices: numbered without gaps, kept in the database."""

from dataclasses import dataclass

from runtime.db.base import Transaction
from shop.orders import Order


@dataclass(frozen=True, slots=True)
class Invoice:
    """What an invoice says."""

    number: int
    """1, 2, 3, … without gaps."""
    issued_at: float
    order: Order

    @property
    def title(self) -> str:
        """The number as it is printed."""
        return f"INV-{self.number:06}"


def take_number(tx: Transaction, order: Order) -> Invoice:
    """The order's invoice, with the next free number; asked again, with the same one."""
    tx.change("take_invoice_number", order_id=order.id, now=tx.now)
    number, issued_at = tx.one("find_invoice_number", _number, order_id=order.id) or (0, tx.now)
    return Invoice(number, issued_at, order)


def save_invoice(tx: Transaction, order_id: str, pdf: bytes) -> None:
    """Keep the drawn invoice."""
    tx.change("save_invoice", order_id=order_id, pdf=pdf)


def find_invoice(tx: Transaction, order_id: str) -> bytes | None:
    """The PDF of an order's invoice; None while there is none."""
    return tx.one("find_invoice", bytes, order_id=order_id)


def _number(number: int, created_at: float) -> tuple[int, float]:
    return number, created_at
