"""Products and their stock: plain functions of a transaction."""

from dataclasses import dataclass

from runtime.db.base import Transaction
from shop.errors import OutOfStock


@dataclass(frozen=True, slots=True)
class Product:
    """Something on sale."""

    id: str
    name: str
    price_cents: int
    stock: int
    """How many may still be ordered."""


def list_products(tx: Transaction) -> list[Product]:
    """Everything on sale."""
    return tx.all("list_products", Product)


def find_product(tx: Transaction, product_id: str) -> Product | None:
    """The product of that id."""
    return tx.one("find_product", Product, id=product_id)


def reserve(tx: Transaction, product_id: str, quantity: int) -> None:
    """Take so many out of stock.

    Raises:
        OutOfStock: there are fewer.
    """
    if tx.run("reserve_stock", id=product_id, quantity=quantity) == 0:
        raise OutOfStock(product_id)


def give_back(tx: Transaction, order_id: str) -> None:
    """Put all that an order reserved back into stock."""
    tx.run("give_back_stock", order_id=order_id)
