"""Every statement of the package on each database, on real clocks and threads."""

import pytest
import trio

from runtime.app import App
from runtime.errors import NotFound
from runtime.testing import drain
from shop import webhooks
from shop.webhooks.addresses import Policy
from shop.webhooks.breaker import AT_ONCE
from shop.webhooks.deliveries import prune, prune_surplus, tidy
from shop.webhooks.endpoints import enable, find_endpoint, list_endpoints, remove, rotate, secrets_of
from shop.webhooks.guard import Guard
from shop.webhooks.publishing import redeliver, send_test
from shop.webhooks.transport import Answer
from tests.shop.webhooks.conftest import ObedientSender, OpenHooks, nowhere, with_webhooks


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'hooks.db'}"


@pytest.fixture
def app(sender: ObedientSender) -> App:
    return with_webhooks(webhooks.Webhooks(guard=Guard(Policy(), nowhere), sender=sender))


async def test_the_life_of_a_webhook(url: str, app: App, sender: ObedientSender) -> None:
    sender.behave = lambda url, number: Answer(410 if "gone" in url else 200, None, "thänks")
    async with app.open(url) as deployment:
        hooks, db = OpenHooks(deployment, sender), deployment.db
        good, gone = (
            await hooks.register("https://good.example/"),
            await hooks.register("https://gone.example/"),
        )
        assert await hooks.publish("1") == 2
        assert await hooks.publish("1") == 0
        await drain(deployment)

        assert [endpoint.id for endpoint in await db.read(list_endpoints)] == [good.id, gone.id]
        assert (await hooks.endpoint(gone)).disabled_at is not None
        assert (await hooks.endpoint(good)).delivered_at is not None
        [delivery] = await hooks.deliveries(good)
        assert [attempt.answer for attempt in await hooks.log(delivery)] == ["thänks"]

        await db.write(enable, gone.id)
        await db.write(redeliver, good.id, delivery.id)
        await db.write(send_test, good.id, "a")
        await db.write(rotate, good.id, "whsec_" + "bmV3" * 8, 3600)
        await drain(deployment)
        assert {each.status for each in await hooks.deliveries(good)} == {"delivered"}
        assert len(await db.read(secrets_of, good.id)) == 2

        await hooks.publish("2")
        for job in (await deployment.queue.jobs(type="deliver_webhook", limit=2)).items:
            await deployment.queue.cancel(job.id)
        assert await db.write(tidy) == 2
        assert await db.write(prune, 10) == 0
        assert await db.write(prune_surplus, good.id, 10, kept=1) == 2
        await db.write(remove, good.id)
        with pytest.raises(NotFound):
            await db.read(find_endpoint, good.id)


async def test_workers_that_look_at_once_still_send_a_few_at_once(
    url: str, app: App, sender: ObedientSender
) -> None:
    sender.seconds = 0.1
    async with app.open(url) as deployment:
        hooks = OpenHooks(deployment, sender)
        await hooks.register()
        for number in range(6):
            await hooks.publish(str(number))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drain, deployment)
            nursery.start_soon(drain, deployment)

    assert 1 <= sender.most_at_once <= AT_ONCE
    assert len(sender.sent) >= AT_ONCE
