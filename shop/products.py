"""Products and their stock: plain functions of a transaction."""

from collections.abc import Mapping, Sequence
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


def find_products(tx: Transaction, product_ids: Sequence[str]) -> list[Product | None]:
    """The products of these ids, in their order; None for one that there is not."""
    tx.foresee(*(("find_product", {"id": product_id}) for product_id in product_ids))
    return [find_product(tx, product_id) for product_id in product_ids]


def reserve(tx: Transaction, quantities: Mapping[str, int]) -> None:
    """Take so many of each product out of stock.

    Raises:
        OutOfStock: there are fewer of one.
    """
    # In one order, so that no two orders deadlock.
    wanted: list[Mapping[str, Value]] = [
        {"id": product_id, "quantity": quantity} for product_id, quantity in sorted(quantities.items())
    ]
    tx.foresee(*(("reserve_stock", each) for each in wanted))
    for each in wanted:
        if tx.run("reserve_stock", **each) == 0:
            raise OutOfStock(str(each["id"]))


def give_back(tx: Transaction, order_id: str) -> None:
    """Put all that an order reserved back into stock."""
    tx.change("give_back_stock", order_id=order_id)
