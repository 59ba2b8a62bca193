"""Webhooks: tell others by signed HTTP requests what happened here.

It knows nothing of the shop, so it can be taken into another application:

    app = App("mine", services=open_services, schemas=(webhooks.SCHEMA, ...))
    app.include(webhooks.handlers)

where the services yield `webhooks.open_webhooks(deployment)`, and in the transaction that sends the invoice

    webhooks.publish(tx, "invoice.sent", invoice.id, lambda: {"id": invoice.id})

Requests follow Standard Webhooks 1.0.0 (https://www.standardwebhooks.com). Each
endpoint that listens to an event gets a delivery of its own, and each delivery a
job, in the transaction in which the event becomes true.
"""

from runtime.db.queries import Schema
from shop.webhooks.handlers import handlers
from shop.webhooks.publishing import publish
from shop.webhooks.service import Webhooks, open_webhooks

SCHEMA = Schema("webhooks", "shop.webhooks")

__all__ = ["SCHEMA", "Webhooks", "handlers", "open_webhooks", "publish"]
