"""The composition root of the shop's jobs: `creche --app shop.app:app`."""

from collections.abc import Callable, Mapping
from functools import partial

from runtime.app import App
from runtime.db.queries import Schema
from shop import webhooks
from shop.handlers import orders, upkeep
from shop.invariants import INVARIANTS
from shop.services.bundle import open_services, random_order_id


def build_app(
    environment: Mapping[str, str] | None = None,
    new_order_id: Callable[[float], str] = random_order_id,
    webhooks_service: webhooks.Webhooks | None = None,
) -> App:
    """The shop as an application.

    Args:
        environment: where the `SHOP_…` settings come from; by default the process's, read at opening.
        new_order_id: makes ids that nobody can guess, from the moment.
        webhooks_service: stands in for the one that makes real connections.
    """
    services = partial(
        open_services, environment=environment, new_order_id=new_order_id, webhooks=webhooks_service
    )
    shop = App(
        "shop",
        services=services,
        schemas=(Schema("shop", "shop"), webhooks.SCHEMA),
        invariants=INVARIANTS,
    )
    shop.include(orders.handlers)
    shop.include(upkeep.handlers)
    shop.include(webhooks.handlers)
    return shop


app = build_app()
