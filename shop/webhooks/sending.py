"""Sending: what is decided before a request and what is written down after it. Functions of a transaction.

Both lock the endpoint's row, so that two workers never think alike that there is room for one more.
"""

from dataclasses import dataclass

from runtime.db.base import Transaction
from shop.webhooks.breaker import Health, wait
from shop.webhooks.deliveries import ATTEMPTS_KEPT, Delivery, DeliveryStatus, find_delivery
from shop.webhooks.endpoints import Endpoint, disable, find_endpoint, lock, secrets_of, set_health
from shop.webhooks.transport import Answer

HOLD = 30.0
"""Seconds after which a request counts as over, should its worker die: longer than any lasts."""
GONE = 410
NOTHING_TAKEN = "took nothing in all the time that a delivery was tried"
EXPIRED = "no further attempt was possible in its lifetime"
DISABLED = "the webhook is disabled"


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """Send this. Not printable, for it knows the secrets."""

    url: str
    message_id: str
    body: str
    expires_at: float
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """There is no room now."""

    seconds: float
    expired: bool
    """It would have to wait beyond its lifetime."""


@dataclass(frozen=True, slots=True)
class Over:
    """There is nothing to do for this job."""

    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a request."""

    started_at: float
    seconds: float
    answer: Answer | None
    error: str | None
    """In words that the endpoint's owner may read; None: delivered."""
    retry_in: float | None = None
    """Seconds until which the endpoint asked to be left alone."""


def begin(tx: Transaction, delivery_id: int, job_id: int, chance: float) -> Ready | Wait | Over:
    """Whether a job may send its delivery now; from then on the endpoint has one more under way."""
    delivery = find_delivery(tx, delivery_id)
    if delivery is None or not lock(tx, delivery.endpoint_id):
        return Over("its delivery is gone")
    if delivery.job_id != job_id:
        return Over("another job carries the delivery")
    if delivery.status is DeliveryStatus.DELIVERED:
        return Over("it is delivered")
    endpoint = find_endpoint(tx, delivery.endpoint_id)
    if endpoint.disabled_at is not None:
        tx.change("fail_webhook_delivery", id=delivery_id, reason=DISABLED, now=tx.now)
        return Over(DISABLED)
    sending = tx.one("count_webhooks_sending", int, endpoint_id=endpoint.id, id=delivery_id, now=tx.now)
    if (sending or 0) >= endpoint.health.capacity(tx.now):
        waiting = tx.one("count_webhooks_waiting", int, endpoint_id=endpoint.id) or 0
        seconds = wait(endpoint.health, tx.now, waiting, chance)
        return Wait(seconds, expired=tx.now + seconds > delivery.expires_at)
    tx.change("start_webhook_attempt", id=delivery_id, sending_until=tx.now + HOLD)
    body = tx.one("find_webhook_body", str, id=delivery.message_id) or ""
    keys = secrets_of(tx, endpoint.id)
    return Ready(endpoint.url, delivery.message_id, body, delivery.expires_at, keys)


def conclude(tx: Transaction, delivery_id: int, result: Result, *, final: bool = False) -> None:
    """Write down what came of a request: log, delivery, and how the endpoint fares.

    Args:
        tx: the transaction.
        delivery_id: what was sent; where it is gone meanwhile, nothing is written.
        result: what came of it.
        final: the job's last attempt is used up.
    """
    delivery = find_delivery(tx, delivery_id)
    if delivery is None or not lock(tx, delivery.endpoint_id):
        return
    gone = result.answer is not None and result.answer.status == GONE
    status = _status(result, ended=final or gone)
    _log(tx, delivery, status, result)
    endpoint = find_endpoint(tx, delivery.endpoint_id)
    set_health(tx, endpoint.id, _health(endpoint.health, result, tx.now))
    if result.error is None:
        tx.change("note_webhook_success", id=endpoint.id, now=tx.now)
    elif gone:
        disable(tx, endpoint.id, f"answered {GONE}: it wants no more")
    elif final and _took_nothing_since(endpoint, delivery.created_at):
        disable(tx, endpoint.id, NOTHING_TAKEN)


def give_up(tx: Transaction, delivery_id: int) -> None:
    """Its lifetime is over; so is the endpoint's, if it took nothing in all that time."""
    delivery = find_delivery(tx, delivery_id)
    if delivery is None or not lock(tx, delivery.endpoint_id):
        return
    tx.change("fail_webhook_delivery", id=delivery_id, reason=EXPIRED, now=tx.now)
    if _took_nothing_since(find_endpoint(tx, delivery.endpoint_id), delivery.created_at):
        disable(tx, delivery.endpoint_id, NOTHING_TAKEN)


def _status(result: Result, *, ended: bool) -> DeliveryStatus:
    if result.error is None:
        return DeliveryStatus.DELIVERED
    return DeliveryStatus.FAILED if ended else DeliveryStatus.PENDING


def _log(tx: Transaction, delivery: Delivery, status: DeliveryStatus, result: Result) -> None:
    number = delivery.attempts + 1
    answered = None if result.answer is None else result.answer.status
    tx.change(
        "insert_webhook_attempt",
        delivery_id=delivery.id,
        number=number,
        started_at=result.started_at,
        seconds=result.seconds,
        status=answered,
        error=result.error,
        answer="" if result.answer is None else result.answer.text,
    )
    tx.change("trim_webhook_attempts", delivery_id=delivery.id, number=number - ATTEMPTS_KEPT)
    tx.change(
        "end_webhook_attempt",
        id=delivery.id,
        status=status,
        attempts=number,
        finished_at=None if status is DeliveryStatus.PENDING else tx.now,
        last_status=answered,
        last_error=result.error,
    )


def _health(health: Health, result: Result, now: float) -> Health:
    if result.error is None:
        return Health()
    if result.retry_in is not None:
        return health.asked_to_wait(now + result.retry_in)
    return health.failed(now)


def _took_nothing_since(endpoint: Endpoint, moment: float) -> bool:
    return endpoint.delivered_at is None or endpoint.delivered_at < moment
