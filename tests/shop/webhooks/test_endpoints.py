import pytest
import trio

from runtime.errors import NotAllowed, NotFound
from shop.webhooks.breaker import Health
from shop.webhooks.endpoints import (
    MOST_ENDPOINTS,
    NewEndpoint,
    disable,
    enable,
    find_endpoint,
    list_endpoints,
    register,
    remove,
    rotate,
    secrets_of,
    set_health,
)
from shop.webhooks.errors import UnusableUrl


async def test_an_endpoint_is_stored_with_what_it_listens_to(hooks, autojump_clock) -> None:
    stored = await hooks.register("https://a.example/hook", "b", "a", "b")

    assert (stored.url, stored.events, stored.disabled_at) == ("https://a.example/hook", ("a", "b"), None)
    assert await hooks.deployment.db.read(list_endpoints) == [stored]


async def test_a_url_that_leads_inside_is_refused_before_anything_is_stored(hooks, autojump_clock) -> None:
    with pytest.raises(UnusableUrl):
        await hooks.register("https://127.0.0.1/")

    assert await hooks.deployment.db.read(list_endpoints) == []


async def test_there_are_so_many_that_an_event_stays_quick_to_enqueue(hooks, autojump_clock) -> None:
    for _ in range(MOST_ENDPOINTS):
        await hooks.register()

    with pytest.raises(NotAllowed):
        await hooks.register()


async def test_a_rotation_keeps_the_old_secret_for_the_overlap_only(hooks, autojump_clock) -> None:
    endpoint = await hooks.register()
    db = hooks.deployment.db
    [first] = await db.read(secrets_of, endpoint.id)

    await db.write(rotate, endpoint.id, "second", 60)
    assert await db.read(secrets_of, endpoint.id) == ("second", first)
    await trio.sleep(59.9)
    await db.write(rotate, endpoint.id, "third", 60)
    assert await db.read(secrets_of, endpoint.id) == ("third", "second")
    await trio.sleep(60)
    assert await db.read(secrets_of, endpoint.id) == ("third",)


async def test_without_an_overlap_the_old_secret_is_void_at_once(hooks, autojump_clock) -> None:
    endpoint = await hooks.register()

    await hooks.deployment.db.write(rotate, endpoint.id, "second", 0)

    assert await hooks.deployment.db.read(secrets_of, endpoint.id) == ("second",)


async def test_enabling_begins_anew(hooks, autojump_clock) -> None:
    endpoint = await hooks.register()
    db = hooks.deployment.db
    await db.write(set_health, endpoint.id, Health(7, 1e12))
    await db.write(disable, endpoint.id, "no more")
    disabled = await hooks.endpoint(endpoint)

    assert (disabled.disabled_reason, disabled.health) == ("no more", Health(7, 1e12))
    assert await db.write(enable, endpoint.id) == endpoint


async def test_a_removed_endpoint_leaves_nothing_behind(hooks, autojump_clock) -> None:
    gone, stays = await hooks.register(), await hooks.register("https://b.example/")
    await hooks.publish()
    await hooks.work()
    await hooks.publish("2")

    await hooks.deployment.db.write(remove, gone.id)
    await hooks.work()

    assert await hooks.deliveries(gone) == ()
    assert [delivery.status for delivery in await hooks.deliveries(stays)] == ["delivered"] * 2
    assert [len(hooks.sender.to(url)) for url in (gone.url, stays.url)] == [1, 2]
    assert sorted(job.status for job in await hooks.jobs()) == ["cancelled", *["completed"] * 3]


@pytest.mark.parametrize(
    "command", [find_endpoint, remove, enable, lambda tx, endpoint_id: rotate(tx, endpoint_id, "s", 0)]
)
async def test_what_is_not_there_is_not_found(hooks, autojump_clock, command) -> None:
    with pytest.raises(NotFound):
        await hooks.deployment.db.write(command, "wh_nobody")


async def test_secrets_are_not_printed(hooks, autojump_clock) -> None:
    new = NewEndpoint(id="wh_1", url="https://a.example/", events=["a"], secret="whsec_hush")
    stored = await hooks.deployment.db.write(register, new)

    assert "hush" not in f"{new!r} {stored!r}"
