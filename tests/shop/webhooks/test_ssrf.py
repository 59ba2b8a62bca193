"""The matrix of failure: whatever is tried, a canary on this machine hears nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from itertools import cycle

import pytest
import trio

from shop.webhooks.addresses import Policy
from shop.webhooks.errors import Unreachable, UnusableUrl
from shop.webhooks.guard import Guard, SystemResolver
from shop.webhooks.transport import Bounds, HttpSender
from tests.shop.webhooks.receiver import Receiver, receiving

HOSTS = [
    *("127.0.0.1", "127.1", "0", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001"),
    *("①②⑦.⓪.⓪.①", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2001::1]", "[fec0::1]", "169.254.169.254", "[fd00:ec2::254]", "100.64.0.1"),
    *("10.0.0.1", "192.168.0.1", "172.16.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "[ff02::1]"),
    *("[fe80::1%lo]", "[fe80::1%25lo]", "user@127.0.0.1", "x#@127.0.0.1", "x\\@127.0.0.1", "127.0.0.1%00"),
    *("127.0.0.1\t", "127。0。0。1", "127.0.0.1.", "①"),
]
NAMES = {
    "private": [["127.0.0.1"]],
    "private in IPv6": [["::1"]],
    "public and private": [["1.1.1.1", "127.0.0.1"]],
    "private and public": [["127.0.0.1", "1.1.1.1"]],
    "mapped": [["::ffff:127.0.0.1"]],
    "NAT64": [["64:ff9b::7f00:1"]],
    "metadata": [["169.254.169.254"]],
    "a thousand": [[f"1.1.{number // 250}.{number % 250}" for number in range(1000)]],
    "nothing": [[]],
}


@asynccontextmanager
async def canaries() -> AsyncIterator[list[Receiver]]:
    """On both loopbacks, at one port."""
    async with receiving() as four, receiving(host="::1") as six:
        yield [four, six]


def ports(canary: Receiver) -> list[str]:
    """At the port where the canary sits, and at that where everything is refused for another reason too."""
    return [f":{canary.port}", ""]


async def refused(sender: HttpSender, guard: Guard, url: str) -> None:
    with pytest.raises(Unreachable), trio.fail_after(5):
        await sender.send(url, {}, b"{}")
    with pytest.raises(UnusableUrl):
        await guard.check(url)


@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_of_an_address_reaches_the_canary(host: str) -> None:
    guard = Guard(Policy(), SystemResolver())
    sender = HttpSender(guard, Bounds(seconds=4))
    async with canaries() as listening:
        for canary in listening:
            for port in ports(canary):
                for scheme in ("http", "https"):
                    await refused(sender, guard, f"{scheme}://{host}{port}/")

    assert [canary.connections for canary in listening] == [0, 0]


@pytest.mark.parametrize("answers", NAMES.values(), ids=list(NAMES))
async def test_no_name_leads_to_the_canary(answers: list[list[str]]) -> None:
    rounds = cycle(answers)

    async def resolve(host: str, port: int) -> list:
        return [ip_address(text) for text in next(rounds)]

    sender = HttpSender(Guard(Policy(), resolve), Bounds(seconds=4))
    async with canaries() as listening:
        for canary in listening:
            for port in ports(canary):
                with pytest.raises(Unreachable):
                    await sender.send(f"https://a.example{port}/", {}, b"{}")

    assert [canary.connections for canary in listening] == [0, 0]


async def test_a_name_that_is_public_when_checked_is_not_asked_again_to_connect() -> None:
    """DNS rebinding: every second answer is the canary's address."""
    asked = []
    public = "192.0.2.1"  # for documentation: it routes nowhere, and this policy calls it public

    async def resolve(host: str, port: int) -> list:
        asked.append(host)
        return [ip_address(public if len(asked) % 2 else "127.0.0.1")]

    class Trusting(Policy):
        def permits(self, address, *, ordinary: bool) -> bool:
            return str(address) == public

    sender = HttpSender(Guard(Trusting(), resolve), Bounds(seconds=0.3, connect_seconds=0.1))
    async with canaries() as listening:
        with pytest.raises((Unreachable, trio.TooSlowError)):
            await sender.send(f"https://a.example:{listening[0].port}/", {}, b"{}")
        assert asked == ["a.example"]
        with pytest.raises(Unreachable):
            await sender.send(f"https://a.example:{listening[0].port}/", {}, b"{}")

    assert [canary.connections for canary in listening] == [0, 0]


@pytest.mark.parametrize(
    "url",
    [
        "gopher://127.0.0.1/",
        "file:///etc/passwd",
        "https://1.1.1.1:22/",
        "https://a.example:6379/",
        "http://1.1.1.1/",
    ],
)
async def test_other_schemes_and_ports_are_refused_before_anything_is_dialled(url: str) -> None:
    async def resolve(host: str, port: int) -> list:
        return [ip_address("1.1.1.1")]

    guard = Guard(Policy(), resolve)
    await refused(HttpSender(guard, Bounds(seconds=0.5)), guard, url)


async def test_a_redirect_to_the_canary_is_not_followed_even_where_the_sender_is_allowed() -> None:
    async with receiving(host="127.0.0.2") as canary:
        answer = f"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.2:{canary.port}/\r\nContent-Length: 0\r\n\r\n"
        async with receiving(answer.encode()) as server:
            guard = Guard(Policy([ip_network("127.0.0.1/32")]), SystemResolver())
            got = await HttpSender(guard).send(server.url, {}, b"{}")

    assert (got.status, canary.connections) == (307, 0)


async def test_the_canary_would_hear_a_request_that_is_let_through() -> None:
    guard = Guard(Policy([ip_network("127.0.0.0/8"), ip_network("::1/128")]), SystemResolver())
    async with canaries() as listening:
        await HttpSender(guard).send(f"http://127.0.0.1:{listening[0].port}/", {}, b"{}")
        await HttpSender(guard).send(f"http://[::1]:{listening[1].port}/", {}, b"{}")

    assert [canary.connections for canary in listening] == [1, 1]
