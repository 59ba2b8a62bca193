"""The composition root of the shop's jobs: `creche --app shop.app:app`."""

from collections.abc import Callable, Mapping
from functools import partial

from runtime.app import App
from runtime.db.queries import Schema
from shop.handlers import orders, upkeep
from shop.services.bundle import open_services, random_order_id


def build_app(
    environment: Mapping[str, str] | None = None, new_order_id: Callable[[], str] = random_order_id
) -> App:
    """The shop as an application.

    Args:
        environment: where the `SHOP_…` settings come from; by default the process's, read at opening.
        new_order_id: makes ids that nobody can guess.
    """
    services = partial(open_services, environment=environment, new_order_id=new_order_id)
    shop = App("shop", services=services, schemas=(Schema("shop", "shop"),))
    shop.include(orders.handlers)
    shop.include(upkeep.handlers)
    return shop


app = build_app()
