"""Which URLs can be an endpoint's. Read once, here; what is connected to is made of the parts."""

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

from shop.webhooks.errors import UnusableUrl

LONGEST_URL = 2048
LONGEST_HOST = 253
HTTPS_PORT = 443
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""What makes a last label numeric: then the host is an address, in whatever notation."""

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes."""

    scheme: str
    host: str
    """A name in ASCII and lower case, or an address without brackets."""
    port: int
    path: str
    """With the query."""

    @property
    def address(self) -> Address | None:
        """The address, where the host is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def ordinary(self) -> bool:
        """Whether it is https on its own port: all else only within the networks that are allowed."""
        return self.scheme == "https" and self.port == HTTPS_PORT


def parse_url(text: str) -> Target:
    """Take a URL apart.

    Raises:
        UnusableUrl: it is not one that we would send anything to.
    """
    if len(text) > LONGEST_URL:
        raise UnusableUrl(f"must not be longer than {LONGEST_URL} characters")
    if not text.isprintable() or any(character in " \\" for character in text):
        raise UnusableUrl("must not hold spaces, backslashes or control characters")
    try:
        parts = urlsplit(text)
        name, port = parts.hostname, parts.port
    except ValueError:
        raise UnusableUrl("is not a URL") from None
    if parts.scheme not in {"http", "https"} or not name:
        raise UnusableUrl("must begin with https:// and a host")
    if "@" in parts.netloc:
        raise UnusableUrl("must not hold a user name or password")
    if "#" in text:
        raise UnusableUrl("must not have a fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise UnusableUrl("must have a percent-encoded path")
    if port is None:
        port = HTTPS_PORT if parts.scheme == "https" else 80
    if port == 0:
        raise UnusableUrl("is not a URL")
    return Target(parts.scheme, _host(name, bracketed="[" in parts.netloc), port, path)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of our own that filters what leaves: told by CONNECT to which checked address."""

    host: str
    """In brackets where it is an IPv6 address."""
    port: int

    @property
    def authority(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"{self.host}:{self.port}"


def parse_proxy(url: object) -> Proxy:
    """Read `http://host:port`.

    Raises:
        ValueError: it is not like that.
    """
    parts = urlsplit(str(url))
    plain = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme != "http" or not parts.hostname or not parts.port or not plain:
        raise ValueError("must be http://host:port")
    return Proxy(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname, parts.port)


def _host(name: str, *, bracketed: bool) -> str:
    """The host in one spelling."""
    if bracketed:
        try:
            return str(IPv6Address(name)) if "%" not in name else _refuse_host()
        except ValueError:
            return _refuse_host()
    host = name.lower() if name.isascii() else _ascii(name)
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        return _refuse_host()
    if _NUMBER.fullmatch(labels[-1]):
        # 2130706433, 0x7f.1 and 127.1 are addresses to those who connect: only the plain notation is for us.
        try:
            return str(IPv4Address(host))
        except ValueError:
            return _refuse_host()
    return host


def _ascii(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return _refuse_host()


def _refuse_host() -> str:
    raise UnusableUrl("must name a host in the usual way")
