"""The jobs of webhooks: what each carries."""

from runtime.job import Job
from runtime.model.records import Priority

DAY = 86_400.0
LIFETIME = 4 * DAY
"""A delivery that would have to wait beyond this is given up. Retries alone take a little over three days."""


class DeliverWebhook(Job, type="deliver_webhook", max_attempts=11):
    """Bring one message to one endpoint."""

    delivery_id: int


class PruneWebhooks(Job, type="prune_webhooks", priority=Priority.LOW):
    """Delete what is old in the log of deliveries."""
