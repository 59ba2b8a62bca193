"""How webhooks and their deliveries are written."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field

from shop.webhooks.deliveries import Attempt, Delivery, DeliveryStatus
from shop.webhooks.endpoints import Endpoint
from web.api.shapes import Moment, Shape


class EndpointStatus(StrEnum):
    """Whether anything is sent to a webhook."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    """It asked for that with 410, or took nothing for days."""


class EndpointShape(Shape):
    """A webhook."""

    id: str
    url: str
    events: Sequence[str]
    status: EndpointStatus
    created_at: Moment
    disabled_at: Moment | None
    disabled_reason: str | None
    failures: int = Field(description="Requests that failed in a row.")
    paused_until: Moment | None = Field(description="Nothing is sent before, since so much has failed.")
    delivered_at: Moment | None = Field(description="When it last took something.")
    previous_secret_until: Moment | None = Field(description="So long the secret before is signed with too.")

    @classmethod
    def of_endpoint(cls, endpoint: Endpoint) -> Self:
        """The shape of a webhook."""
        return cls(**_fields(endpoint))


class SecretShape(EndpointShape):
    """A webhook with its new secret."""

    secret: str = Field(description="Keep it: it is not shown again.", examples=["whsec_…"])

    @classmethod
    def with_secret(cls, endpoint: Endpoint, secret: str) -> Self:
        """The shape of a webhook with its new secret."""
        return cls(**_fields(endpoint), secret=secret)


class EndpointList(Shape):
    """All webhooks."""

    webhooks: Sequence[EndpointShape]


class DeliveryShape(Shape):
    """One message on its way to one webhook."""

    id: int
    message_id: str = Field(description="The request's `webhook-id`, the same in every attempt.")
    event: str
    status: DeliveryStatus
    attempts: int
    job_id: int | None = Field(description="The job that carries it; see `/admin/jobs/{id}`.")
    created_at: Moment
    finished_at: Moment | None
    last_status: int | None = Field(description="What the URL answered last.")
    last_error: str | None


class DeliveryPage(Shape):
    """Deliveries, newest first."""

    deliveries: Sequence[DeliveryShape]
    cursor: int | None = Field(description="Ask for what follows with it; null at the end.")


class DeliveryAttemptShape(Shape):
    """One request."""

    number: int
    started_at: Moment
    seconds: float = Field(description="How long it took.")
    status: int | None
    error: str | None
    answer: str = Field(description="The beginning of what was answered.")


class DeliveryDetailShape(DeliveryShape):
    """A delivery with its log."""

    log: Sequence[DeliveryAttemptShape]

    @classmethod
    def of_detail(cls, delivery: Delivery, attempts: Sequence[Attempt]) -> Self:
        """The shape of a delivery with its log."""
        shown = DeliveryShape.of(delivery)
        return cls(**dict(shown), log=[DeliveryAttemptShape.of(attempt) for attempt in attempts])


def _fields(endpoint: Endpoint) -> dict[str, object]:
    disabled = endpoint.disabled_at is not None
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.events,
        "status": EndpointStatus.DISABLED if disabled else EndpointStatus.ENABLED,
        "created_at": endpoint.created_at,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "failures": endpoint.health.failures,
        "paused_until": endpoint.health.paused_until,
        "delivered_at": endpoint.delivered_at,
        "previous_secret_until": endpoint.previous_until,
    }
