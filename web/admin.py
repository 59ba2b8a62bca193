"""Who may see and do what only operators may: a token, sessions that stand for it, and the address.

Nothing here knows HTTP: the guard reads the request and asks.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from runtime.clock import Clock
from runtime.errors import ConfigurationError
from runtime.model.rates import Bucket, Rate
from web.errors import Forbidden, TooManyAttempts, Unauthorized
from web.events import WebEvents

TOKEN_VARIABLE = "CRECHE_ADMIN_TOKEN"  # noqa: S105 - the variable's name
SESSION_SECONDS = 12 * 3600.0
MOST_SESSIONS = 1000
MOST_ADDRESSES = 1000
WRONG_TOKENS = Rate(number=1, unit="s", burst=10)
"""How often one address may show a wrong token before its tokens are not looked at."""


@dataclass(frozen=True, slots=True)
class AdminPolicy:
    """Who counts as an operator: whoever shows the token or, without one, whoever is on this machine."""

    token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The policy that CRECHE_ADMIN_TOKEN says; an empty one counts as none.

        Raises:
            ConfigurationError: the token could not be sent in a header.
        """
        token = environment.get(TOKEN_VARIABLE, "").strip() or None
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigurationError(f"{TOKEN_VARIABLE} must be printable ASCII characters without spaces")
        return cls(token)

    def check_address(self, host: str) -> None:
        """Refuse to listen where strangers can reach admin pages that nothing protects.

        Raises:
            ConfigurationError: the address is not this machine's own, and there is no token.
        """
        if self.token is None and not is_loopback(host):
            raise ConfigurationError(
                f"--host {host} is reachable from other machines: set {TOKEN_VARIABLE} first, "
                "for example to the output of `openssl rand -hex 32`"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a request shows of who sent it."""

    address: str | None
    """Of the other end of the connection; None where it has none."""
    forwarded: bool = False
    """Whether a proxy sent it on: the address is the proxy's then."""
    bearer: str | None = field(default=None, repr=False)
    """The token in its Authorization header."""
    session: str | None = field(default=None, repr=False)
    """The session in its cookie."""


class Gate:
    """Lets operators in. Sessions live in memory: a restart ends them."""

    def __init__(self, policy: AdminPolicy, clock: Clock, events: WebEvents) -> None:
        self._policy = policy
        self._clock = clock
        self._events = events
        self._sessions: OrderedDict[str, float] = OrderedDict()
        self._attempts: OrderedDict[str, Bucket] = OrderedDict()
        self._form_key = secrets.token_bytes(32)

    @property
    def has_login(self) -> bool:
        """Whether there is a token to log in with."""
        return self._policy.token is not None

    def admit(self, caller: Caller) -> None:
        """Return if the caller is an operator.

        Raises:
            Unauthorized: it should show the token.
            TooManyAttempts: it has shown too many wrong ones.
            Forbidden: there is no token, and it is not on this machine.
        """
        if self._policy.token is None:
            if caller.forwarded or caller.address is None or not is_loopback(caller.address):
                raise Forbidden(f"without {TOKEN_VARIABLE} these pages are for this machine only")
        elif caller.session is not None and self._has_session(caller.session):
            pass
        elif caller.bearer is not None:
            self.check_token(caller.bearer, caller.address)
        else:
            raise Unauthorized("show the admin token: Authorization: Bearer …, or log in at /login")

    def check_token(self, token: str, address: str | None) -> None:
        """Compare in constant time.

        Raises:
            Unauthorized: it is another, or there is none to compare with.
            TooManyAttempts: so many wrong ones came from this address that it was not looked at.
        """
        origin = address or "?"
        now = self._clock.monotonic()
        bucket = self._attempts.get(origin, Bucket.full(WRONG_TOKENS, now)).refilled(WRONG_TOKENS, now)
        if not bucket.whole():
            raise TooManyAttempts(max(1.0, bucket.ready_at(WRONG_TOKENS, now) - now))
        expected = self._policy.token
        if expected is not None and hmac.compare_digest(_bytes(token), _bytes(expected)):
            return
        self._events.token_refused(address)
        self._attempts[origin] = bucket.take(1)
        self._attempts.move_to_end(origin)
        _trim(self._attempts, MOST_ADDRESSES)
        raise Unauthorized("this is not the admin token")

    def open_session(self) -> str:
        """A new session; its id is what the cookie holds."""
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = self._clock.monotonic() + SESSION_SECONDS
        _trim(self._sessions, MOST_SESSIONS)
        return session

    def close_session(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(_digest(session), None)

    def form_token(self, session: str | None) -> str:
        """What a form must carry, so that a page of another site cannot send it."""
        return hmac.new(self._form_key, _bytes(session or ""), hashlib.sha256).hexdigest()

    def check_form(self, token: str, session: str | None) -> None:
        """Compare in constant time.

        Raises:
            Forbidden: the form was not made for this session by this server.
        """
        if not hmac.compare_digest(_bytes(token), _bytes(self.form_token(session))):
            raise Forbidden("this form is out of date: reload the page and try again")

    def _has_session(self, session: str) -> bool:
        # By digest, so that how long the look-up takes says nothing about the ids there are.
        ends_at = self._sessions.get(_digest(session))
        return ends_at is not None and self._clock.monotonic() < ends_at


def is_loopback(host: str) -> bool:
    """Whether an address, or `localhost`, is this machine's own; any other name is not known to be."""
    name = host.strip("[]").partition("%")[0]
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _bytes(text: str) -> bytes:
    """Strangers may send text that is no Unicode."""
    return text.encode(errors="replace")


def _digest(session: str) -> str:
    return hashlib.sha256(_bytes(session)).hexdigest()


def _trim(entries: "OrderedDict[str, float] | OrderedDict[str, Bucket]", most: int) -> None:
    while len(entries) > most:
        entries.popitem(last=False)
