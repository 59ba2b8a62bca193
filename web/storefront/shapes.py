"""How orders and products are written."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from runtime.model.records import Status
from shop.orders import Order, OrderDetail, OrderStatus
from shop.products import Product
from web.api.shapes import Moment, Shape


def amount(cents: int) -> float:
    """Cents as the amount that JSON carries: 17998 as 179.98."""
    return cents / 100


class OrderItemShape(Shape):
    """One line of an order."""

    product_id: str
    quantity: int
    price: float = Field(description="Of one piece, when the order was placed.", examples=[89.99])


class OrderShape(Shape):
    """An order."""

    id: str
    user_id: str
    status: OrderStatus
    total: float = Field(examples=[179.98])
    items: Sequence[OrderItemShape]
    created_at: Moment

    @classmethod
    def of_order(cls, order: Order) -> Self:
        """The shape of an order."""
        return cls(**_fields(order))


class OrderJobShape(Shape):
    """A job that works for an order."""

    id: int
    type: str
    status: Status


class OrderDetailShape(OrderShape):
    """An order with its jobs."""

    completed_at: Moment | None
    invoice_url: str | None = Field(description="Where the invoice is, once it is drawn.")
    jobs: Sequence[OrderJobShape]

    @classmethod
    def of_detail(cls, detail: OrderDetail) -> Self:
        """The shape of an order with its jobs."""
        order = detail.order
        return cls(
            **_fields(order),
            completed_at=order.completed_at,
            invoice_url=f"/orders/{order.id}/invoice.pdf" if detail.has_invoice else None,
            jobs=[OrderJobShape.of(job) for job in detail.jobs],
        )


class OrderPage(Shape):
    """Orders, newest first."""

    orders: Sequence[OrderShape]
    cursor: int | None = Field(description="Ask for what follows with it; null at the end.")


class ProductShape(Shape):
    """Something on sale."""

    id: str
    name: str
    price: float
    stock: int = Field(description="How many may still be ordered.")

    @classmethod
    def of_product(cls, product: Product) -> Self:
        """The shape of a product."""
        return cls(id=product.id, name=product.name, price=amount(product.price_cents), stock=product.stock)


class ProductList(Shape):
    """Everything on sale."""

    products: Sequence[ProductShape]


def _fields(order: Order) -> dict[str, object]:
    return {
        "id": order.id,
        "user_id": order.user_id,
        "status": order.status,
        "total": amount(order.total_cents),
        "items": [
            OrderItemShape(product_id=item.product_id, quantity=item.quantity, price=amount(item.price_cents))
            for item in order.items
        ],
        "created_at": order.created_at,
    }
