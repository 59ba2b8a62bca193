"""The transport: what brings a message to a URL, and what it may cost."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import trio

from shop.webhooks.errors import NoAnswer, Unreachable, UnusableUrl
from shop.webhooks.guard import Guard
from shop.webhooks.urls import Proxy, parse_url


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered."""

    status: int
    retry_after: str | None = None
    text: str = ""
    """The beginning of its body; whatever does not print is escaped."""

    @property
    def taken(self) -> bool:
        """Whether the endpoint has the message now. A redirect is none: it is not followed."""
        return 200 <= self.status < 300


class Sender(Protocol):
    """Brings a message to a URL."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post it, and wait for the answer.

        Raises:
            Unreachable, NoAnswer: the attempt failed. Whether the endpoint has the message is not known.
        """
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of an endpoint's time and words is taken."""

    seconds: float = 15
    """For all of it: name, connection, request and answer."""
    connect_seconds: float = 5
    """For each address that is dialled."""
    answer_bytes: int = 64 * 1024
    """Of the answer's body; what comes after is not read."""


@cache
def public_authorities() -> ssl.SSLContext:
    """Whom the system trusts. Loaded once, when first needed: it takes some ten milliseconds."""
    return ssl.create_default_context()


class HttpSender:
    """Posts over HTTP/1.1, under the guard's rules."""

    def __init__(
        self,
        guard: Guard,
        bounds: Bounds | None = None,
        trust: Callable[[], ssl.SSLContext] = public_authorities,
        proxy: Proxy | None = None,
    ) -> None:
        self._guard = guard
        self._bounds = bounds or Bounds()
        self._trust = trust
        self._proxy = proxy

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """See `Sender.send`."""
        from shop.webhooks.exchange import exchange  # its library takes its time to load

        try:
            target = parse_url(url)
            with trio.fail_after(self._bounds.seconds):
                addresses = await self._guard.addresses(target)
                trust = self._trust() if target.scheme == "https" else None
                return await exchange(target, addresses, headers, body, self._bounds, trust, self._proxy)
        except UnusableUrl as error:  # the rules have changed since it was registered
            raise Unreachable(str(error)) from error
        except trio.TooSlowError as error:
            raise NoAnswer(f"no answer within {self._bounds.seconds:g} s") from error
