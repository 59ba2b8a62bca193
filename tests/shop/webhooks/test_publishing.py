import json

import pytest
import trio

from runtime.errors import NotAllowed, NotFound
from runtime.testing import running_worker
from shop.webhooks.endpoints import disable
from shop.webhooks.publishing import publish, redeliver, send_test
from shop.webhooks.transport import Answer


async def test_an_event_goes_to_all_who_listen_to_it_and_to_nobody_else(hooks, autojump_clock) -> None:
    one, two = await hooks.register("https://1.example/"), await hooks.register("https://2.example/")
    await hooks.register("https://3.example/", "thing.lost")
    disabled = await hooks.register("https://4.example/")
    await hooks.deployment.db.write(disable, disabled.id, "test")

    assert await hooks.publish() == 2
    await hooks.work()

    assert sorted(sent.url for sent in hooks.sender.sent) == [one.url, two.url]
    assert [job.status for job in await hooks.jobs()] == ["completed"] * 2


async def test_where_nobody_listens_nothing_is_made(hooks, autojump_clock) -> None:
    def data() -> dict:
        raise AssertionError("nobody wants to know")

    assert await hooks.deployment.db.write(publish, "thing.done", "1", data) == 0


async def test_what_is_undone_is_told_to_nobody(hooks, autojump_clock) -> None:
    await hooks.register()

    def change_of_mind(tx) -> None:
        publish(tx, "thing.done", "1", dict)
        raise RuntimeError("undo")

    with pytest.raises(RuntimeError):
        await hooks.deployment.db.write(change_of_mind)
    await hooks.work()

    assert hooks.sender.sent == []
    assert await hooks.jobs() == []


async def test_the_same_event_of_the_same_subject_is_told_once(hooks, autojump_clock) -> None:
    await hooks.register()

    assert [await hooks.publish("1"), await hooks.publish("1"), await hooks.publish("2")] == [1, 0, 1]


async def test_the_message_says_what_when_and_of_what(hooks, autojump_clock) -> None:
    await hooks.register()
    await hooks.publish("ü")
    await hooks.work()

    [sent] = hooks.sender.sent
    assert json.loads(sent.body) == {
        "type": "thing.done",
        "timestamp": "2026-01-01T12:00:00.000Z",
        "data": {"id": "ü"},
    }


async def test_one_event_has_one_message_id_at_all_endpoints(hooks, autojump_clock) -> None:
    await hooks.register("https://1.example/")
    await hooks.register("https://2.example/")
    await hooks.publish("1")
    await hooks.publish("2")
    await hooks.work()

    ids = {
        url: [sent.headers["webhook-id"] for sent in hooks.sender.to(url)]
        for url in ("https://1.example/", "https://2.example/")
    }
    first, second = ids.values()
    assert sorted(first) == sorted(second)
    assert len(set(first)) == 2
    assert all(each.startswith("msg_") and "." not in each for each in first)


async def test_a_test_message_goes_to_one_endpoint_whatever_it_listens_to(hooks, autojump_clock) -> None:
    await hooks.register("https://1.example/")
    endpoint = await hooks.register("https://2.example/")
    for subject in ("a", "b"):
        await hooks.deployment.db.write(send_test, endpoint.id, subject)
    await hooks.work()

    assert [sent.url for sent in hooks.sender.sent] == [endpoint.url] * 2
    assert {json.loads(sent.body)["type"] for sent in hooks.sender.sent} == {"webhook.test"}


async def test_a_message_is_delivered_again_under_its_own_id(hooks, autojump_clock) -> None:
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work()
    [delivery] = await hooks.deliveries(endpoint)

    again = await hooks.deployment.db.write(redeliver, endpoint.id, delivery.id)
    await hooks.work()

    first, second = hooks.sender.sent
    assert (again.status, again.finished_at) == ("pending", None)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert [attempt.number for attempt in await hooks.log(delivery)] == [1, 2]


async def test_redelivery_takes_the_place_of_a_retry_that_waits(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Answer(500 if number < 5 else 200)
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(600)  # the next attempt is some twenty minutes away
    [delivery] = await hooks.deliveries(endpoint)
    assert (delivery.status, delivery.attempts) == ("pending", 5)

    await hooks.deployment.db.write(redeliver, endpoint.id, delivery.id)
    await hooks.work()
    await hooks.work(86_400)

    [delivery] = await hooks.deliveries(endpoint)
    assert (delivery.status, delivery.attempts) == ("delivered", 6)
    assert [job.status for job in await hooks.jobs()] == ["cancelled", "completed"]


async def test_only_one_job_carries_a_delivery(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Answer(400)
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(60)
    [delivery] = await hooks.deliveries(endpoint)
    before = len(sender.sent)

    await hooks.deployment.db.write(redeliver, endpoint.id, delivery.id)
    await hooks.work(600)

    first, second = await hooks.jobs()
    assert (first.status, first.last_error) == ("cancelled", "another job carries the delivery")
    assert second.attempts == len(sender.sent) - before


async def test_what_is_being_sent_or_goes_nowhere_is_not_delivered_again(
    hooks, sender, autojump_clock
) -> None:
    sender.seconds = 10
    endpoint = await hooks.register()
    await hooks.publish()
    [delivery] = await hooks.deliveries(endpoint)
    async with running_worker(hooks.deployment):
        await trio.sleep(5)
        with pytest.raises(NotAllowed, match="at this moment"):
            await hooks.deployment.db.write(redeliver, endpoint.id, delivery.id)
        await trio.sleep(20)

    await hooks.deployment.db.write(disable, endpoint.id, "test")
    for command, what in ((redeliver, delivery.id), (send_test, "a")):
        with pytest.raises(NotAllowed, match="disabled"):
            await hooks.deployment.db.write(command, endpoint.id, what)
    other = await hooks.register("https://2.example/")
    with pytest.raises(NotFound):
        await hooks.deployment.db.write(redeliver, other.id, delivery.id)
