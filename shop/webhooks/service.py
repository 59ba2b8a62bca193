"""Webhooks: what the handlers and whoever registers endpoints need beside the database."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.app import Deployment
from shop.webhooks.addresses import Network, Policy
from shop.webhooks.endpoints import NewEndpoint
from shop.webhooks.guard import Guard, SystemResolver
from shop.webhooks.signing import random_secret
from shop.webhooks.transport import HttpSender, Sender
from shop.webhooks.urls import Proxy


def random_id() -> str:
    """96 bits of it."""
    return secrets.token_hex(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Open it with `open_webhooks`; tests put in parts of their own."""

    guard: Guard
    sender: Sender
    new_secret: Callable[[], str] = random_secret
    new_id: Callable[[], str] = random_id

    async def prepare(self, url: str, events: Sequence[str]) -> NewEndpoint:
        """An endpoint with a fresh id and secret, to be stored with `register`.

        Raises:
            UnusableUrl: the URL cannot be one.
        """
        await self.guard.check(url)
        return NewEndpoint(id=f"wh_{self.new_id()}", url=url, events=events, secret=self.new_secret())


def open_webhooks(
    deployment: Deployment,
    *,
    allowed: Sequence[Network] = (),
    denied: Sequence[Network] = (),
    proxy: Proxy | None = None,
) -> Webhooks:
    """The real thing: system resolver, real connections.

    Args:
        deployment: the application.
        allowed: networks that may be reached although they are not public.
        denied: networks that may not, although they are.
        proxy: through which requests by https leave, checked all the same; it may refuse more of them.
    """
    guard = Guard(Policy(allowed, denied), SystemResolver(inline=deployment.inline))
    return Webhooks(guard=guard, sender=HttpSender(guard, proxy=proxy))
