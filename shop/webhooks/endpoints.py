"""Endpoints: who is told of what. Plain functions of a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runtime.db.base import Transaction
from runtime.errors import NotAllowed, NotFound
from shop.webhooks.breaker import Health
from shop.webhooks.deliveries import delete_deliveries_of

MOST_ENDPOINTS = 100
"""An event is enqueued for all who listen in one transaction: so many must stay quick."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somebody who is told of events. Its secrets are not here: they are read only to sign."""

    id: str
    url: str
    created_at: float
    disabled_at: float | None
    disabled_reason: str | None
    health: Health
    delivered_at: float | None
    """When it last took something."""
    previous_until: float | None
    """Until when the secret before the present one is signed with too."""
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewEndpoint:
    """An endpoint about to be stored. Not printable, for it knows its secret."""

    id: str
    url: str
    events: Sequence[str]
    secret: str


def register(tx: Transaction, new: NewEndpoint) -> Endpoint:
    """Store an endpoint.

    Raises:
        NotAllowed: there are as many as there may be.
    """
    if (tx.one("count_webhook_endpoints", int) or 0) >= MOST_ENDPOINTS:
        raise NotAllowed(f"there are {MOST_ENDPOINTS} endpoints already: delete one first")
    tx.change("insert_webhook_endpoint", id=new.id, url=new.url, secret=new.secret, now=tx.now)
    tx.many("insert_webhook_subscription", [(event, new.id) for event in dict.fromkeys(new.events)])
    return find_endpoint(tx, new.id)


def list_endpoints(tx: Transaction) -> list[Endpoint]:
    """All endpoints, oldest first."""
    return [_with_events(tx, endpoint) for endpoint in tx.all("list_webhook_endpoints", _endpoint)]


def find_endpoint(tx: Transaction, endpoint_id: str) -> Endpoint:
    """The endpoint of that id.

    Raises:
        NotFound: there is none.
    """
    endpoint = tx.one("find_webhook_endpoint", _endpoint, id=endpoint_id)
    if endpoint is None:
        raise NotFound(f"there is no webhook {endpoint_id}")
    return _with_events(tx, endpoint)


def rotate(tx: Transaction, endpoint_id: str, secret: str, overlap: float) -> Endpoint:
    """Give an endpoint a new secret; the old one is signed with too for `overlap` seconds.

    Raises:
        NotFound: there is no such endpoint.
    """
    tx.change("rotate_webhook_secret", id=endpoint_id, secret=secret, until=tx.now + overlap)
    return find_endpoint(tx, endpoint_id)


def secrets_of(tx: Transaction, endpoint_id: str) -> tuple[str, ...]:
    """The secrets that hold now, the newest first."""

    def held(secret: str, previous: str | None, until: float | None) -> tuple[str, ...]:
        overlapping = previous is not None and until is not None and tx.now < until
        return (secret, previous) if overlapping and previous is not None else (secret,)

    return tx.one("find_webhook_secrets", held, id=endpoint_id) or ()


def disable(tx: Transaction, endpoint_id: str, reason: str) -> None:
    """Send nothing more to an endpoint."""
    tx.change("disable_webhook_endpoint", id=endpoint_id, reason=reason, now=tx.now)


def enable(tx: Transaction, endpoint_id: str) -> Endpoint:
    """Send to an endpoint again, and forget how it fared. What failed meanwhile is not sent by itself.

    Raises:
        NotFound: there is no such endpoint.
    """
    tx.change("enable_webhook_endpoint", id=endpoint_id)
    return find_endpoint(tx, endpoint_id)


def set_health(tx: Transaction, endpoint_id: str, health: Health) -> None:
    """Write down how an endpoint fares."""
    tx.change(
        "set_webhook_health", id=endpoint_id, failures=health.failures, paused_until=health.paused_until
    )


def remove(tx: Transaction, endpoint_id: str) -> None:
    """Delete an endpoint with its secrets and its log. Jobs that were on their way there end as cancelled.

    Raises:
        NotFound: there is no such endpoint.
    """
    if not lock(tx, endpoint_id):
        raise NotFound(f"there is no webhook {endpoint_id}")
    delete_deliveries_of(tx, endpoint_id)
    tx.change("delete_webhook_subscriptions", endpoint_id=endpoint_id)
    tx.change("delete_webhook_endpoint", id=endpoint_id)


def lock(tx: Transaction, endpoint_id: str) -> bool:
    """Let nobody else count or judge the endpoint until this transaction ends; False: there is none."""
    return tx.run("lock_webhook_endpoint", id=endpoint_id) > 0


def _with_events(tx: Transaction, endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, events=tuple(tx.all("list_webhook_subscriptions", str, endpoint_id=endpoint.id)))


def _endpoint(
    endpoint_id: str,
    url: str,
    created_at: float,
    disabled_at: float | None,
    disabled_reason: str | None,
    failures: int,
    paused_until: float | None,
    delivered_at: float | None,
    previous_until: float | None,
) -> Endpoint:
    health = Health(failures, paused_until)
    return Endpoint(
        endpoint_id, url, created_at, disabled_at, disabled_reason, health, delivered_at, previous_until
    )
