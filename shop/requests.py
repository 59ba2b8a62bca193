"""What customers send: the order, and the idempotency key that makes sending it twice harmless."""

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runtime.db.base import Transaction
from runtime.errors import FieldError, InvalidInput
from shop.settings import EmailAddress


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable characters only")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]


class _Input(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)


class OrderLine(_Input):
    """So many of a product."""

    product_id: Name
    quantity: int = Field(strict=True, ge=1, le=1000)


class OrderRequest(_Input):
    """What a customer sends to place an order."""

    user_id: Name
    email: EmailAddress
    items: list[OrderLine] = Field(min_length=1, max_length=50)
    payment_token: Name

    def fingerprint(self) -> str:
        """The same for the same request, however its JSON was written; does not give the token away."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """An earlier request and the order that came of it."""

    fingerprint: str
    """Digest of its body."""
    order_id: str


def find_request(tx: Transaction, key: str) -> KnownRequest | None:
    """The request that came with that key."""
    return tx.one("find_order_request", KnownRequest, key=key)


def remember_request(tx: Transaction, key: str, fingerprint: str, order_id: str) -> None:
    """From now on the key stands for this order.

    Raises:
        UniqueViolation: it stands for another one.
    """
    tx.change("insert_order_request", key=key, fingerprint=fingerprint, order_id=order_id, now=tx.now)


def forget_requests(tx: Transaction, before: float) -> int:
    """Forget the keys of requests before a moment; return how many."""
    return tx.run("forget_order_requests", before=before)


def check_key(key: str) -> None:
    """Whether it can be an idempotency key.

    Raises:
        InvalidInput: it is not 1 to 255 printable ASCII characters.
    """
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        message = "must be 1 to 255 printable ASCII characters"
        raise InvalidInput(f"Idempotency-Key {message}", [FieldError("Idempotency-Key", message)])
