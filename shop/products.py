"""Products and their stock: plain functions of a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.db.base import Transaction, Value
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


def foresee(tx: Transaction, quantities: Mapping[str, int]) -> None:
    """`find_product` and `reserve` will be asked for all of these; see `Transaction.foresee`."""
    found = (("find_product", {"id": product_id}) for product_id in quantities)
    tx.foresee(*found, *(("reserve_stock", wanted) for wanted in _wanted(quantities)))


def reserve(tx: Transaction, quantities: Mapping[str, int]) -> None:
    """Take so many of each product out of stock.

    Raises:
        OutOfStock: there are fewer of one.
    """
    for wanted in _wanted(quantities):
        if tx.run("reserve_stock", **wanted) == 0:
            raise OutOfStock(str(wanted["id"]))


def give_back(tx: Transaction, order_id: str) -> None:
    """Put all that an order reserved back into stock."""
    tx.change("give_back_stock", order_id=order_id)


def _wanted(quantities: Mapping[str, int]) -> list[Mapping[str, Value]]:
    """In one order, so that no two orders deadlock."""
    return [{"id": product_id, "quantity": quantity} for product_id, quantity in sorted(quantities.items())]
