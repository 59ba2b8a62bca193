"""Everything the shop raises on purpose, drawn onto the runtime's tree.

    InvalidInput                 (runtime: the caller's mistake, with the fields)
    ├─ UnknownProduct            422  `items.N.productId`
    ├─ InvalidPaymentToken       422  `paymentToken`
    └─ IdempotencyMismatch       422  the key was used for another request
    NotAllowed                   (runtime: the present state forbids it)
    ├─ OutOfStock                409
    └─ InProgress                409  an earlier request with this key has no outcome yet
    DatabaseBusy                 (runtime: try again later)
    └─ OrderUnconfirmed          503  charged, but not yet written down; it will be
    CrecheError
    ├─ PaymentError              the order is stored; carries its id
    │   ├─ PaymentDeclined       402  nothing was charged
    │   ├─ PaymentFailed         502  the gateway broke; nothing was charged
    │   └─ PaymentTimedOut       504  outcome unknown; found out within minutes
    └─ ServiceError              a service that jobs use refused or failed: the job is tried again
        └─ GatewayUnreachable    no answer, so the outcome of a charge is unknown

The storefront maps them to the statuses above.
"""

from collections.abc import Iterable

from runtime.errors import CrecheError, DatabaseBusy, FieldError, InvalidInput, NotAllowed


class UnknownProduct(InvalidInput):
    """The order names products that the shop does not have."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        """Take the position in the order and the id of each of them."""
        errors = [
            FieldError(f"items.{position}.productId", f"there is no product {product_id!r}")
            for position, product_id in lines
        ]
        super().__init__("unknown product", errors)


class InvalidPaymentToken(InvalidInput):
    """The payment token is not one that the gateway issued."""

    def __init__(self) -> None:
        super().__init__("invalid payment token", [FieldError("paymentToken", "not a valid payment token")])


class IdempotencyMismatch(InvalidInput):
    """The idempotency key was used before, for a request with another body."""

    def __init__(self) -> None:
        field = FieldError("Idempotency-Key", "was used for another request")
        super().__init__("this idempotency key was used for another request", [field])


class OutOfStock(NotAllowed):
    """There is less in stock than was ordered; nothing was reserved."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"product {product_id!r} is out of stock")
        self.product_id = product_id


class InProgress(NotAllowed):
    """An earlier request with the same idempotency key has no outcome yet."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("a request with this idempotency key is in progress")
        self.retry_after = retry_after
        """Seconds after which asking again makes sense."""


class OrderUnconfirmed(DatabaseBusy):
    """The payment has an outcome that the database could not take; the recovery job will write it down."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} is stored and will be confirmed shortly")
        self.order_id = order_id


class PaymentError(CrecheError):
    """The payment of a stored order did not succeed."""

    def __init__(self, order_id: str, message: str) -> None:
        super().__init__(message)
        self.order_id = order_id


class PaymentDeclined(PaymentError):
    """The customer's bank said no; nothing was charged and the stock was given back."""


class PaymentFailed(PaymentError):
    """The gateway said that it could not charge; the stock was given back."""


class PaymentTimedOut(PaymentError):
    """Nobody knows yet whether the customer was charged; the recovery job will ask."""


class ServiceError(CrecheError):
    """A service that the shop depends on refused or failed."""


class GatewayUnreachable(ServiceError):
    """The payment gateway did not answer: what it was asked for may or may not have happened."""
