"""The site of the shop: the only part of `web` that knows it."""

from collections.abc import Sequence

from quart import Blueprint

from web.storefront import events, orders, products, webhooks


def blueprints() -> Sequence[Blueprint]:
    """What the shop adds to the site; named in the entry point group `creche.sites`."""
    return (orders.blueprint, events.blueprint, products.blueprint, webhooks.blueprint)
