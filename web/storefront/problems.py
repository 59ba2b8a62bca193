"""How the shop's errors are answered."""

from collections.abc import Mapping
from types import MappingProxyType

from shop.errors import (
    InProgress,
    OrderUnconfirmed,
    OutOfStock,
    PaymentDeclined,
    PaymentError,
    PaymentFailed,
    PaymentTimedOut,
    ServiceError,
)
from shop.webhooks.errors import DeliveryError
from web.problem_table import ProblemKind

PROBLEMS: Mapping[type[Exception], ProblemKind] = MappingProxyType(
    {
        OutOfStock: ProblemKind(409, "Out of stock", members=("product_id",)),
        InProgress: ProblemKind(409, "In progress"),
        OrderUnconfirmed: ProblemKind(
            503,
            "Order not confirmed yet",
            "The order is stored and will be confirmed shortly. Ask again with the same Idempotency-Key.",
            retry_after=5,
            members=("order_id",),
        ),
        PaymentError: ProblemKind(502, "Payment failed", members=("order_id",)),
        PaymentDeclined: ProblemKind(402, "Payment declined", members=("order_id",)),
        PaymentFailed: ProblemKind(502, "Payment failed", members=("order_id",)),
        PaymentTimedOut: ProblemKind(504, "Payment not confirmed yet", members=("order_id",)),
        # Made by jobs only: none comes up in a request.
        DeliveryError: ProblemKind(502, "Not delivered", "A webhook could not be delivered."),
        ServiceError: ProblemKind(502, "Service unavailable", "A service that the shop depends on failed."),
    }
)
