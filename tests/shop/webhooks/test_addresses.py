from ipaddress import ip_address, ip_network

import pytest

from shop.webhooks.addresses import Policy, is_own, is_public

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:2800:220:1::1", "2a00:1450:4001:81b::200e", "64:ff9b::5db8:d822"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.0.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:7f00:1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::5db8:d822", "100::1"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:20::1", "2001:db8::1", "3fff::1"),
    *("2002:7f00:1::", "2002:5db8:d822::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo"),
    *("fec0::1", "ff02::1", "ff0e::1", "2606:2800::5efe:7f00:1", "2606:2800::200:5efe:7f00:1"),
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_known(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_what_is_not_the_public_internet_is_known_in_every_disguise(text: str) -> None:
    assert not is_public(ip_address(text))


def policy(allowed: str = "", denied: str = "", own: bool = False) -> Policy:
    def networks(text: str) -> list:
        return [ip_network(part) for part in text.split()]

    return Policy(networks(allowed), networks(denied), own=lambda _address: own)


@pytest.mark.parametrize(
    ("rules", "address", "ordinary", "permitted"),
    [
        (policy(), "1.1.1.1", True, True),
        (policy(), "1.1.1.1", False, False),
        (policy(own=True), "1.1.1.1", True, False),
        (policy(denied="1.0.0.0/8"), "1.1.1.1", True, False),
        (policy(denied="1.0.0.0/8"), "::ffff:1.1.1.1", True, False),
        (policy(allowed="127.0.0.1/32"), "127.0.0.1", False, True),
        (policy(allowed="127.0.0.1/32", own=True), "127.0.0.1", True, True),
        (policy(allowed="127.0.0.1/32"), "::ffff:127.0.0.1", False, True),
        (policy(allowed="127.0.0.1/32"), "127.0.0.2", True, False),
        (policy(allowed="127.0.0.1/32"), "::127.0.0.1", True, False),
        (policy(allowed="127.0.0.1/32"), "::1", True, False),
        (policy(allowed="127.0.0.1/32"), "64:ff9b::7f00:1", True, False),
        (policy(allowed="10.0.0.0/8", denied="10.1.0.0/16"), "10.1.2.3", True, False),
        (policy(allowed="fd00::/8"), "fd00::1", False, True),
    ],
)
def test_the_operator_may_allow_and_deny_networks(
    rules: Policy, address: str, ordinary: bool, permitted: bool
) -> None:
    assert rules.permits(ip_address(address), ordinary=ordinary) is permitted


def test_this_machine_s_own_addresses_are_known() -> None:
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address("1.1.1.1"))
