"""Webhooks: who is told of orders, and what became of each message. For operators."""

from pydantic import Field
from quart import Blueprint, Response

from runtime.transaction import JobTransaction
from shop.notices import OrderEvent
from shop.webhooks import Webhooks
from shop.webhooks.deliveries import Attempt, Delivery, delivery_of, list_attempts, list_deliveries
from shop.webhooks.endpoints import enable, find_endpoint, list_endpoints, register, remove, rotate
from shop.webhooks.publishing import redeliver, send_test
from shop.webhooks.urls import LONGEST_URL
from web.inputs import Input
from web.operations import Reply, operation
from web.site import site
from web.storefront.webhook_shapes import (
    DeliveryDetailShape,
    DeliveryPage,
    DeliveryShape,
    EndpointList,
    EndpointShape,
    SecretShape,
)

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

DAY = 86_400


class EndpointInput(Input):
    """Who wants to be told of what."""

    url: str = Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="https on port 443, at a public address, unless `SHOP_WEBHOOK_ALLOW` allows more.",
        examples=["https://example.com/hooks"],
    )
    events: list[OrderEvent] = Field(min_length=1, max_length=len(OrderEvent))


class RotationInput(Input):
    """How long the old secret stays good."""

    overlap_seconds: int = Field(
        DAY, ge=0, le=7 * DAY, description="So long each request carries two signatures."
    )


class DeliveryQuery(Input):
    """Which deliveries to list."""

    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=2**63 - 1)


@blueprint.post("")
@operation(status=201, problems=(409,), answer_headers={"Location": "Where the webhook is."})
async def register_webhook(body: EndpointInput) -> Reply[SecretShape]:
    """Register a URL that is told of events. The answer is the only one that shows its secret.

    Requests follow Standard Webhooks 1.0.0: verify `webhook-signature` with the secret.
    """
    new = await _webhooks().prepare(body.url, body.events)
    endpoint = await site().deployment.db.write(register, new)
    return Reply(SecretShape.with_secret(endpoint, new.secret), {"Location": f"/webhooks/{endpoint.id}"})


@blueprint.get("")
@operation()
async def list_webhooks() -> EndpointList:
    """All webhooks, oldest first."""
    found = await site().deployment.db.read(list_endpoints)
    return EndpointList(webhooks=[EndpointShape.of_endpoint(endpoint) for endpoint in found])


@blueprint.get("/<webhook_id>")
@operation()
async def show_webhook(webhook_id: str) -> EndpointShape:
    """A webhook, and how it fares."""
    return EndpointShape.of_endpoint(await site().deployment.db.read(find_endpoint, webhook_id))


@blueprint.delete("/<webhook_id>")
@operation(status=204)
async def delete_webhook(webhook_id: str) -> Response:
    """Delete a webhook with its log. What is on its way there ends as cancelled."""
    await site().deployment.db.write(remove, webhook_id)
    return Response(b"", 204)


@blueprint.post("/<webhook_id>/rotate")
@operation()
async def rotate_webhook(webhook_id: str, body: RotationInput) -> SecretShape:
    """Give a webhook a new secret, shown here only. For a while requests are signed with both."""
    secret = _webhooks().new_secret()
    endpoint = await site().deployment.db.write(rotate, webhook_id, secret, body.overlap_seconds)
    return SecretShape.with_secret(endpoint, secret)


@blueprint.post("/<webhook_id>/enable")
@operation()
async def enable_webhook(webhook_id: str) -> EndpointShape:
    """Send to a disabled or paused webhook again."""
    return EndpointShape.of_endpoint(await site().deployment.db.write(enable, webhook_id))


@blueprint.post("/<webhook_id>/test")
@operation(status=201, problems=(409,))
async def test_webhook(webhook_id: str) -> DeliveryShape:
    """Send a message of the kind `webhook.test`."""
    subject = _webhooks().new_id()
    return DeliveryShape.of(await site().deployment.db.write(send_test, webhook_id, subject))


@blueprint.get("/<webhook_id>/deliveries")
@operation()
async def list_webhook_deliveries(webhook_id: str, query: DeliveryQuery) -> DeliveryPage:
    """What was sent to a webhook or is on its way, newest first.

    What has ended stays for 30 days, the newest thousand of it.
    """
    db = site().deployment.db
    await db.read(find_endpoint, webhook_id)
    page = await db.read(list_deliveries, webhook_id, limit=query.limit, cursor=query.cursor)
    return DeliveryPage(
        deliveries=[DeliveryShape.of(delivery) for delivery in page.items], cursor=page.cursor
    )


@blueprint.get("/<webhook_id>/deliveries/<id:delivery_id>")
@operation()
async def show_webhook_delivery(webhook_id: str, delivery_id: int) -> DeliveryDetailShape:
    """A delivery with its last twenty attempts."""
    delivery, attempts = await site().deployment.db.read(_delivery_detail, webhook_id, delivery_id)
    return DeliveryDetailShape.of_detail(delivery, attempts)


@blueprint.post("/<webhook_id>/deliveries/<id:delivery_id>/redeliver")
@operation(problems=(409,))
async def redeliver_webhook(webhook_id: str, delivery_id: int) -> DeliveryShape:
    """Send a message again, now, under the same `webhook-id`."""
    return DeliveryShape.of(await site().deployment.db.write(redeliver, webhook_id, delivery_id))


def _delivery_detail(tx: JobTransaction, webhook_id: str, delivery_id: int) -> tuple[Delivery, list[Attempt]]:
    return delivery_of(tx, webhook_id, delivery_id), list_attempts(tx, delivery_id)


def _webhooks() -> Webhooks:
    return site().deployment.service(Webhooks)
