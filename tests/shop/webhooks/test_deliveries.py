"""The log of deliveries stays bounded."""

import pytest
import trio

from runtime.testing import running_worker
from shop.webhooks.deliveries import ATTEMPTS_KEPT, DAYS_KEPT, prune_surplus
from shop.webhooks.endpoints import rotate
from shop.webhooks.jobs import PruneWebhooks
from shop.webhooks.transport import Answer
from tests.shop.webhooks.conftest import NOON

HOUR, DAY = 3600.0, 86_400.0


async def prune(hooks) -> None:
    await hooks.deployment.queue.enqueue(PruneWebhooks())
    await hooks.work()


async def test_what_ended_long_ago_is_deleted_and_what_is_on_its_way_is_not(
    hooks, sender, autojump_clock
) -> None:
    sender.behave = lambda url, number: Answer(200)
    endpoint = await hooks.register()
    await hooks.publish("old")
    await hooks.work()
    await trio.sleep(DAYS_KEPT * DAY - 60)
    await hooks.publish("new")
    await hooks.work()
    await prune(hooks)
    assert len(await hooks.deliveries(endpoint)) == 2

    await trio.sleep(120)
    await prune(hooks)

    [delivery] = await hooks.deliveries(endpoint)
    assert delivery.created_at == pytest.approx(NOON + DAYS_KEPT * DAY - 60, abs=1)
    assert await hooks.publish("old") == 1  # nothing of it is left
    assert await hooks.publish("new") == 0


async def test_of_a_busy_endpoint_the_newest_deliveries_stay(hooks, autojump_clock) -> None:
    endpoint, other = await hooks.register(), await hooks.register("https://b.example/")
    for number in range(8):
        await hooks.publish(str(number))
    await hooks.work(60)
    newest = (await hooks.deliveries(endpoint))[-3:]

    db = hooks.deployment.db
    deleted = [await db.write(prune_surplus, endpoint.id, 4, kept=3) for _ in range(3)]

    assert deleted == [4, 1, 0]
    assert await hooks.deliveries(endpoint) == newest
    assert len(await hooks.deliveries(other)) == 8


async def test_the_log_of_one_delivery_stays_short(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Answer(429, "60") if number < 50 else Answer(200)
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(DAY)

    [delivery] = await hooks.deliveries(endpoint)
    log = await hooks.log(delivery)
    assert delivery.attempts == 51
    assert [attempt.number for attempt in log] == list(range(52 - ATTEMPTS_KEPT, 52))


async def test_a_delivery_whose_job_was_ended_by_others_does_not_wait_for_ever(hooks, autojump_clock) -> None:
    endpoint = await hooks.register()
    await hooks.publish("1")
    [job] = await hooks.jobs()
    await hooks.deployment.queue.cancel(job.id)
    await hooks.publish("2")  # this one's job lives

    await hooks.deployment.queue.pause("deliver_webhook")
    async with running_worker(hooks.deployment):
        await hooks.deployment.queue.enqueue(PruneWebhooks())
        await trio.sleep(60)

    first, second = await hooks.deliveries(endpoint)
    assert (first.status, second.status) == ("failed", "pending")


async def test_secrets_that_no_longer_hold_are_forgotten(hooks, autojump_clock) -> None:
    endpoint = await hooks.register()
    await hooks.deployment.db.write(rotate, endpoint.id, "whsec_new", 60)
    await trio.sleep(61)
    assert (await hooks.endpoint(endpoint)).previous_until is not None

    await prune(hooks)

    assert (await hooks.endpoint(endpoint)).previous_until is None
