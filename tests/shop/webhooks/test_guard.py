from ipaddress import ip_address, ip_network

import pytest
import trio

from shop.webhooks.addresses import Policy
from shop.webhooks.errors import Unreachable, UnusableUrl
from shop.webhooks.guard import LOOKUP_SECONDS, MOST_ADDRESSES, Guard, SystemResolver
from shop.webhooks.urls import parse_url

HERE = ip_network("127.0.0.0/8")


def guard(*answers: str, allowed: tuple = ()) -> Guard:
    async def resolve(host: str, port: int) -> list:
        await trio.lowlevel.checkpoint()
        if not answers:
            raise OSError("no such name")
        return [ip_address(text) for text in answers]

    return Guard(Policy(allowed, own=lambda _address: False), resolve)


async def addresses(checked: Guard, url: str) -> list[str]:
    return [str(address) for address in await checked.addresses(parse_url(url))]


async def test_a_name_leads_to_all_of_its_addresses_if_all_are_public() -> None:
    assert await addresses(guard("1.1.1.1", "2606:2800::1"), "https://a.example/") == [
        "1.1.1.1",
        "2606:2800::1",
    ]


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::1", "1.1.1.1"], ["1.1.1.1"] * (MOST_ADDRESSES + 1), []],
)
async def test_one_address_that_is_not_public_spoils_the_name(answers: list[str]) -> None:
    with pytest.raises(Unreachable):
        await addresses(guard(*answers), "https://a.example/")


async def test_http_and_other_ports_are_for_allowed_networks_only() -> None:
    for url in ("http://a.example/", "https://a.example:8443/"):
        assert await addresses(guard("127.0.0.1", allowed=(HERE,)), url) == ["127.0.0.1"]
        for answers in (["1.1.1.1"], ["127.0.0.1", "1.1.1.1"]):
            with pytest.raises(Unreachable):
                await addresses(guard(*answers, allowed=(HERE,)), url)


async def test_a_name_server_that_says_nothing_is_not_waited_for(autojump_clock) -> None:
    async def silence(host: str, port: int) -> list:
        await trio.sleep_forever()
        return []

    began = trio.current_time()
    with pytest.raises(Unreachable):
        await addresses(Guard(Policy(), silence), "https://a.example/")

    assert trio.current_time() - began == LOOKUP_SECONDS


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("https://a.example/", ["1.1.1.1"]),
        ("https://a.example/", []),  # may be there tomorrow
        ("https://1.1.1.1/", []),
        ("http://a.example:99/", ["127.0.0.1"]),
        ("http://127.0.0.1:99/", []),
    ],
)
async def test_a_url_may_be_registered(url: str, answers: list[str]) -> None:
    assert await guard(*answers, allowed=(HERE,)).check(url) == parse_url(url)


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("http://a.example/", ["1.1.1.1"]),
        ("http://a.example/", []),
        ("https://a.example:22/", ["1.1.1.1"]),
        ("https://a.example/", ["10.0.0.1"]),
        ("https://a.example/", ["1.1.1.1", "10.0.0.1"]),
        ("https://10.0.0.1/", []),
    ],
)
async def test_a_url_may_not_be_registered_and_the_answer_does_not_say_what_is_behind_it(
    url: str, answers: list[str]
) -> None:
    with pytest.raises(UnusableUrl) as refused:
        await guard(*answers, allowed=(HERE,)).check(url)

    assert str(refused.value) == "url must lead to a public address by https on port 443"


@pytest.mark.parametrize("inline", [False, True])
async def test_the_system_knows_this_machine(inline: bool) -> None:
    found = await SystemResolver(inline=inline)("localhost", 443)

    assert found
    assert all(address.is_loopback for address in found)
    assert len(set(found)) == len(found)
