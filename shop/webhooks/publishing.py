"""Publishing: an event becomes a message and, for each endpoint that listens, a delivery with a job.

All in the transaction in which the event becomes true: so none is lost, and none is told that never was.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from runtime.errors import NotAllowed
from runtime.transaction import JobTransaction
from shop.webhooks.deliveries import Delivery, DeliveryStatus, delivery_of
from shop.webhooks.endpoints import find_endpoint
from shop.webhooks.jobs import LIFETIME, DeliverWebhook

TEST_EVENT = "webhook.test"
"""What an endpoint is sent on request, whatever it listens to."""


def publish(tx: JobTransaction, event: str, subject: str, data: Callable[[], Mapping[str, JsonValue]]) -> int:
    """Tell all endpoints that listen to an event; return how many deliveries that makes.

    Args:
        tx: the transaction in which the event becomes true.
        event: its kind, in dots: `order.paid`.
        subject: what it happened to. The same event of the same subject is one message, ever.
        data: makes what the message says; called only where somebody listens.
    """
    listening = tx.all("list_webhook_subscribers", _subscriber, event=event)
    if not listening:
        return 0
    message_id = _store_message(tx, event, subject, data())
    new = [_send_to(tx, endpoint_id, message_id, paused_until) for endpoint_id, paused_until in listening]
    return sum(delivery_id is not None for delivery_id in new)


def send_test(tx: JobTransaction, endpoint_id: str, subject: str) -> Delivery:
    """Send an endpoint a message that means nothing. `subject` makes it another than all before.

    Raises:
        NotFound: there is no such endpoint.
        NotAllowed: it is disabled.
    """
    _check_enabled(tx, endpoint_id)
    message_id = _store_message(tx, TEST_EVENT, subject, {"webhookId": endpoint_id})
    delivery_id = _send_to(tx, endpoint_id, message_id, None)
    assert delivery_id is not None
    return delivery_of(tx, endpoint_id, delivery_id)


def redeliver(tx: JobTransaction, endpoint_id: str, delivery_id: int) -> Delivery:
    """Send a message once more, now and with fresh attempts; a retry that still waits is superseded.

    The message keeps its id: a receiver that has it already can tell.

    Raises:
        NotFound: there is no such delivery.
        NotAllowed: the endpoint is disabled, or the delivery is being sent at this moment.
    """
    _check_enabled(tx, endpoint_id)
    delivery = delivery_of(tx, endpoint_id, delivery_id)
    sending = delivery.status is DeliveryStatus.PENDING and (delivery.sending_until or 0) > tx.now
    if sending:
        raise NotAllowed(f"delivery {delivery_id} is being sent at this moment")
    _begin(tx, delivery_id, delay=0)
    return delivery_of(tx, endpoint_id, delivery_id)


def _store_message(tx: JobTransaction, event: str, subject: str, data: Mapping[str, JsonValue]) -> str:
    """Store what is signed and sent, byte for byte; return the message's id."""
    # Made of what happened, so that no chance is needed here and nothing is told twice.
    message_id = "msg_" + hashlib.sha256(f"{event}\n{subject}".encode()).hexdigest()[:32]
    moment = datetime.fromtimestamp(tx.now, UTC).isoformat(timespec="milliseconds")
    content = {"type": event, "timestamp": moment.replace("+00:00", "Z"), "data": dict(data)}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    tx.change("insert_webhook_message", id=message_id, event=event, body=body, now=tx.now)
    return message_id


def _send_to(tx: JobTransaction, endpoint_id: str, message_id: str, paused_until: float | None) -> int | None:
    delivery_id = tx.one(
        "insert_webhook_delivery",
        int,
        endpoint_id=endpoint_id,
        message_id=message_id,
        now=tx.now,
        expires_at=tx.now + LIFETIME,
    )
    if delivery_id is not None:
        # Behind an open breaker it need not start only to be told to wait: starts are limited.
        _begin(tx, delivery_id, delay=max(0.0, (paused_until or 0) - tx.now))
    return delivery_id


def _begin(tx: JobTransaction, delivery_id: int, *, delay: float) -> None:
    job = tx.enqueue(DeliverWebhook(delivery_id=delivery_id), delay=delay)
    tx.change("begin_webhook_delivery", id=delivery_id, job_id=job.id, expires_at=tx.now + LIFETIME)


def _check_enabled(tx: JobTransaction, endpoint_id: str) -> None:
    if find_endpoint(tx, endpoint_id).disabled_at is not None:
        raise NotAllowed(f"webhook {endpoint_id} is disabled: enable it first")


def _subscriber(endpoint_id: str, paused_until: float | None) -> tuple[str, float | None]:
    return endpoint_id, paused_until
