"""Deliveries: one message on its way to one endpoint, and the log of it. Plain functions of a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime.db.base import Transaction
from runtime.errors import NotFound
from runtime.model.records import Page

MAX_ID = 2**63 - 1
ATTEMPTS_KEPT = 20
"""The newest of each delivery stay in the log."""
DELIVERIES_KEPT = 1000
"""The newest of each endpoint, of those that have ended."""
DAYS_KEPT = 30
ABANDONED = "its job was ended"


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    """Waits, is being sent, or will be tried again."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Not tried again by itself; it can be sent again by hand."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one endpoint."""

    id: int
    endpoint_id: str
    message_id: str
    """The same in every attempt, and for every endpoint."""
    event: str
    status: DeliveryStatus
    job_id: int | None
    """The job that carries it; jobs before it are superseded."""
    attempts: int
    """Requests that were made or tried."""
    created_at: float
    expires_at: float
    """It does not wait beyond this moment."""
    sending_until: float | None
    """While it is being sent: when that is over, whatever becomes of the worker."""
    finished_at: float | None
    last_status: int | None
    """What the endpoint answered last."""
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, as the log shows it."""

    number: int
    started_at: float
    seconds: float
    """How long it took."""
    status: int | None
    """What the endpoint answered; None: nothing."""
    error: str | None
    answer: str
    """The beginning of the answer's body, as printable text."""


def find_delivery(tx: Transaction, delivery_id: int) -> Delivery | None:
    """The delivery of that id."""
    return tx.one("find_webhook_delivery", _delivery, id=delivery_id)


def delivery_of(tx: Transaction, endpoint_id: str, delivery_id: int) -> Delivery:
    """The delivery of that id, to that endpoint.

    Raises:
        NotFound: there is none.
    """
    delivery = find_delivery(tx, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint_id:
        raise NotFound(f"there is no delivery {delivery_id} to webhook {endpoint_id}")
    return delivery


def list_deliveries(
    tx: Transaction, endpoint_id: str, *, limit: int = 50, cursor: int | None = None
) -> Page[Delivery]:
    """An endpoint's deliveries, newest first."""
    before = MAX_ID if cursor is None else cursor
    found = tx.all(
        "list_webhook_deliveries", _delivery, endpoint_id=endpoint_id, before=before, most=limit + 1
    )
    shown = found[:limit]
    return Page(tuple(shown), shown[-1].id if len(found) > limit and shown else None)


def list_attempts(tx: Transaction, delivery_id: int) -> list[Attempt]:
    """The log of a delivery, oldest first."""
    return tx.all("list_webhook_attempts", Attempt, delivery_id=delivery_id)


def prune(tx: Transaction, limit: int) -> int:
    """Delete up to `limit` deliveries that ended long ago; return how many."""
    old = tx.all("list_old_webhooks", _ids, before=tx.now - DAYS_KEPT * 86_400.0, most=limit)
    return _delete(tx, old)


def prune_surplus(tx: Transaction, endpoint_id: str, limit: int, *, kept: int = DELIVERIES_KEPT) -> int:
    """Delete up to `limit` ended deliveries beyond the newest of an endpoint; return how many."""
    surplus = tx.all("list_surplus_webhooks", _ids, endpoint_id=endpoint_id, kept=kept, most=limit)
    return _delete(tx, surplus)


def tidy(tx: Transaction) -> int:
    """Give up deliveries that no job carries any more, forget old secrets; return how many were given up."""
    tx.change("forget_webhook_secrets", now=tx.now)
    return tx.run("fail_abandoned_webhooks", now=tx.now, reason=ABANDONED)


def delete_deliveries_of(tx: Transaction, endpoint_id: str) -> None:
    """Delete all that was ever on its way to an endpoint."""
    _delete(tx, tx.all("list_webhooks_of_endpoint", _ids, endpoint_id=endpoint_id))


def _delete(tx: Transaction, deliveries: Sequence[tuple[int, str]]) -> int:
    tx.many("delete_webhook_attempts", [(delivery_id,) for delivery_id, _ in deliveries])
    tx.many("delete_webhook_delivery", [(delivery_id,) for delivery_id, _ in deliveries])
    messages = dict.fromkeys(message_id for _, message_id in deliveries)
    tx.many("delete_webhook_message", [(message_id,) for message_id in messages])
    return len(deliveries)


def _ids(delivery_id: int, message_id: str) -> tuple[int, str]:
    return delivery_id, message_id


def _delivery(
    delivery_id: int,
    endpoint_id: str,
    message_id: str,
    event: str,
    status: str,
    job_id: int | None,
    attempts: int,
    created_at: float,
    expires_at: float,
    sending_until: float | None,
    finished_at: float | None,
    last_status: int | None,
    last_error: str | None,
) -> Delivery:
    return Delivery(
        delivery_id,
        endpoint_id,
        message_id,
        event,
        DeliveryStatus(status),
        job_id,
        attempts,
        created_at,
        expires_at,
        sending_until,
        finished_at,
        last_status,
        last_error,
    )
