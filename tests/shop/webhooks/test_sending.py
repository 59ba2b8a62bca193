"""How much an endpoint is sent, and when it is left alone; in virtual time."""

import trio

from runtime.model.records import Status
from runtime.testing import running_worker
from shop.webhooks.breaker import AT_ONCE, TRIP_AFTER, Health
from shop.webhooks.endpoints import set_health
from shop.webhooks.errors import NoAnswer, Unreachable
from shop.webhooks.jobs import LIFETIME
from shop.webhooks.sending import EXPIRED, NOTHING_TAKEN, Result, conclude, give_up
from shop.webhooks.transport import Answer
from tests.shop.webhooks.conftest import NOON

HOUR, DAY = 3600.0, 86_400.0


async def test_what_would_find_no_room_in_its_lifetime_is_given_up_and_a_dead_endpoint_disabled(
    hooks, sender, autojump_clock
) -> None:
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.deployment.db.write(set_health, endpoint.id, Health(99, NOON + LIFETIME))

    await hooks.work()

    [delivery] = await hooks.deliveries(endpoint)
    assert (delivery.status, delivery.last_error) == ("failed", EXPIRED)
    assert (await hooks.endpoint(endpoint)).disabled_reason == NOTHING_TAKEN
    assert [job.status for job in await hooks.jobs()] == [Status.FAILED]
    assert sender.sent == []


async def test_what_expires_does_not_disable_an_endpoint_that_took_something_meanwhile(
    hooks, autojump_clock
) -> None:
    endpoint = await hooks.register()
    await hooks.publish("1")
    await trio.sleep(60)
    await hooks.publish("2")
    expiring, taken = await hooks.deliveries(endpoint)

    await hooks.deployment.db.write(conclude, taken.id, Result(NOON, 1, Answer(200), None))
    await hooks.deployment.db.write(give_up, expiring.id)

    assert [delivery.status for delivery in await hooks.deliveries(endpoint)] == ["failed", "delivered"]
    assert (await hooks.endpoint(endpoint)).disabled_at is None


async def test_an_endpoint_gets_a_few_requests_at_once_and_all_in_the_end(
    hooks, sender, autojump_clock
) -> None:
    sender.seconds = 5
    endpoint = await hooks.register()
    for number in range(20):
        await hooks.publish(str(number))
    await hooks.work(HOUR)

    assert sender.most_at_once == AT_ONCE
    assert len(sender.sent) == 20
    assert {delivery.status for delivery in await hooks.deliveries(endpoint)} == {"delivered"}


async def test_two_processes_together_send_no_more_at_once(hooks, sender, autojump_clock) -> None:
    sender.seconds = 5
    await hooks.register()
    for number in range(10):
        await hooks.publish(str(number))
    async with running_worker(hooks.deployment), running_worker(hooks.deployment):
        await trio.sleep(HOUR)

    assert (sender.most_at_once, len(sender.sent)) == (AT_ONCE, 10)


async def test_a_dead_endpoint_is_left_alone_more_and_more(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Unreachable("dead")
    endpoint = await hooks.register()
    for number in range(20):
        await hooks.publish(str(number))
    await hooks.work(HOUR)

    after = hooks.after()
    assert len([moment for moment in after if moment < 60]) <= TRIP_AFTER + AT_ONCE
    assert len(after) <= TRIP_AFTER + AT_ONCE + 6  # one trial after 1, 2, 4, 8, 16, 32 minutes
    fares = await hooks.endpoint(endpoint)
    assert fares.health.failures == len(after)
    assert fares.health.paused_until > NOON + HOUR


async def test_behind_a_dead_endpoint_a_living_one_is_served(hooks, sender, autojump_clock) -> None:
    dead, living = (
        await hooks.register("https://dead.example/"),
        await hooks.register("https://living.example/"),
    )
    sender.behave = lambda url, number: Unreachable("dead") if url == dead.url else Answer(200)
    published = []
    async with running_worker(hooks.deployment):
        for number in range(100):
            published.append(trio.current_time() + NOON)
            await hooks.publish(str(number))
            await trio.sleep(20)

    delays = [sent.at - moment for sent, moment in zip(sender.to(living.url), published, strict=True)]
    assert max(delays) < 60
    assert {delivery.status for delivery in await hooks.deliveries(living)} == {"delivered"}


async def test_an_endpoint_that_comes_back_gets_all_that_waited(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Answer(200) if sender.now() > NOON + 3 * HOUR else NoAnswer("down")
    endpoint = await hooks.register()
    for number in range(20):
        await hooks.publish(str(number))
    await hooks.work(12 * HOUR)

    assert {delivery.status for delivery in await hooks.deliveries(endpoint)} == {"delivered"}
    assert (await hooks.endpoint(endpoint)).health.failures == 0


async def test_an_event_for_a_paused_endpoint_waits_without_starting(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: NoAnswer("down")
    await hooks.register()
    for number in range(TRIP_AFTER):
        await hooks.publish(str(number))
    await hooks.work(30)

    await hooks.publish("late")

    *_, late = await hooks.jobs()
    assert (late.status, late.claims) == (Status.SCHEDULED, 0)
    assert late.scheduled_at > hooks.deployment.clock.now() + 20
