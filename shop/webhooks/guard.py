"""The guard: a name is looked up once, every address it has is checked, and only a checked one is dialled.

So a name cannot lead to a private address, not even one that changes between check and use.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import trio

from shop.webhooks.addresses import Policy
from shop.webhooks.errors import Unreachable, UnusableUrl
from shop.webhooks.urls import Address, Target, parse_url

LOOKUP_SECONDS = 5.0
MOST_ADDRESSES = 64
"""Nobody has more; whoever says so wants to keep us busy."""
MOST_LOOKUPS = 8

Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a name, for a port; OSError where it has none."""


class Guard:
    """Decides where requests may go.

    Args:
        policy: what the operator says of networks.
        resolve: looks names up.
    """

    def __init__(self, policy: Policy, resolve: Resolver) -> None:
        self._policy = policy
        self._resolve = resolve

    async def addresses(self, target: Target) -> Sequence[Address]:
        """The addresses to connect to; all are permitted. Asked anew for every request.

        Raises:
            Unreachable: there is none, or one of them is not permitted.
        """
        found = await self._look_up(target)
        for address in found:
            if not self._policy.permits(address, ordinary=target.ordinary):
                raise Unreachable(f"refused: {target.host} is {address}, which is not a public address")
        return found

    async def check(self, url: str) -> Target:
        """Whether a URL can be an endpoint's. Nothing is connected to.

        A name that is not known now passes, for it may be tomorrow: it is asked again before each request.

        Raises:
            UnusableUrl: it cannot. The message tells nothing of what the name leads to.
        """
        target = parse_url(url)
        try:
            found = await self._look_up(target)
        except Unreachable:
            found = ()
        permitted = all(self._policy.permits(address, ordinary=target.ordinary) for address in found)
        if not permitted or not (found or target.ordinary):
            raise UnusableUrl("must lead to a public address by https on port 443")
        return target

    async def _look_up(self, target: Target) -> Sequence[Address]:
        if target.address is not None:
            return [target.address]
        try:
            with trio.fail_after(LOOKUP_SECONDS):
                found = await self._resolve(target.host, target.port)
        except (OSError, trio.TooSlowError) as error:
            raise Unreachable(f"the name {target.host} could not be looked up") from error
        if not 1 <= len(found) <= MOST_ADDRESSES:
            raise Unreachable(f"the name {target.host} has {len(found)} addresses")
        return found


class SystemResolver:
    """Asks the system, in threads of its own number: slow name servers keep nobody else waiting."""

    def __init__(self, *, inline: bool = False) -> None:
        """`inline`: no threads, for virtual time."""
        self._inline = inline
        self._limiter = trio.CapacityLimiter(MOST_LOOKUPS)

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """Look a name up. Cancelled, the lookup is left behind and keeps its place until it ends.

        Raises:
            OSError: it has no address.
        """
        if self._inline:
            await trio.lowlevel.checkpoint()
            return _look_up(host, port)
        return await trio.to_thread.run_sync(
            _look_up, host, port, abandon_on_cancel=True, limiter=self._limiter
        )


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
