"""Which addresses may be connected to: the public ones, and those that the operator allows.

`ipaddress.is_global` is not enough: it holds for `::127.0.0.1`, for multicast, for
NAT64 and 6to4 addresses of private ones, and what it says differs between Pythons.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from shop.webhooks.urls import Address

Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # public by its number, but inside Azure it is the machine's own keeper
        # IPv6 within 2000::/3: Teredo and the rest of 2001::/23, documentation, 6to4, AS112.
        *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


def is_public(address: Address) -> bool:
    """Whether it belongs to the public internet, and so does any IPv4 address inside it."""
    if isinstance(address, IPv4Address):
        return address.is_global and not _within(address, _NOT_PUBLIC)
    if address.scope_id is not None:
        return False
    embedded = _embedded(address)
    if embedded is not None:
        return is_public(embedded)
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return False
    return address in _GLOBAL_UNICAST and address.is_global and not _within(address, _NOT_PUBLIC)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that whoever connects to this one reaches: mapped, or through a NAT64."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    # The IPv4-compatible ones (::/96) need no look inside: they are outside 2000::/3.
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


def is_own(address: Address) -> bool:
    """Whether it is an address of this machine. Asks the routing table; sends nothing."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return plain(ipaddress.ip_address(probe.getsockname()[0])) == plain(address)
    except OSError:
        return False


def plain(address: Address) -> Address:
    """An IPv4 address in IPv6 clothes as itself."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator says of networks; `denied` wins."""

    allowed: Sequence[Network] = ()
    """May be connected to although they are not public; there also by http and at any port."""
    denied: Sequence[Network] = ()
    """May not be connected to although they are public."""
    own: Callable[[Address], bool] = is_own

    def permits(self, address: Address, *, ordinary: bool) -> bool:
        """Whether to connect to an address; `ordinary`: by https at its own port."""
        if _within(plain(address), self.denied):
            return False
        if _within(plain(address), self.allowed):
            return True
        return ordinary and is_public(address) and not self.own(address)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)
