"""Deliveries in virtual time: days of retries in a moment."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
import trio
from standardwebhooks import Webhook

from runtime.model.records import Status
from runtime.testing import running_worker
from shop.webhooks.endpoints import enable, rotate, secrets_of
from shop.webhooks.errors import NoAnswer, Unreachable
from shop.webhooks.handlers import LONGEST_REST, SHORTEST_REST, handlers, rest_after
from shop.webhooks.jobs import DeliverWebhook
from shop.webhooks.sending import NOTHING_TAKEN
from shop.webhooks.transport import Answer
from tests.shop.webhooks.conftest import NOON, ObedientSender, open_hooks

HOUR, DAY = 3600.0, 86_400.0


def test_at_most_thirty_a_minute_start_unless_an_operator_says_otherwise() -> None:
    assert str(handlers.handlers["deliver_webhook"].rate) == "30/m"


async def test_what_was_taken_is_delivered_and_logged(hooks, sender, autojump_clock) -> None:
    sender.seconds = 2
    sender.behave = lambda url, number: Answer(202, None, "thanks")
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(10)

    [delivery] = await hooks.deliveries(endpoint)
    assert (delivery.status, delivery.attempts, delivery.last_status, delivery.last_error) == (
        "delivered",
        1,
        202,
        None,
    )
    [attempt] = await hooks.log(delivery)
    assert (attempt.started_at, attempt.seconds) == pytest.approx((NOON, 2), abs=0.1)
    assert (attempt.status, attempt.error, attempt.answer) == (202, None, "thanks")
    assert (await hooks.endpoint(endpoint)).delivered_at == pytest.approx(NOON + 2, abs=0.1)


async def test_retries_take_three_days_with_one_id_and_fresh_timestamps_then_the_endpoint_is_disabled(
    hooks, sender, autojump_clock
) -> None:
    sender.behave = lambda url, number: Answer(500, None, "sorry")
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(6 * DAY)

    after = hooks.after()
    assert len(after) == 11
    assert 2.4 * DAY < after[-1] < 4 * DAY
    gaps = [later - earlier for earlier, later in pairwise(after)]
    for gap, usual in zip(gaps[:8], [5, 20, 80, 320, 1280, 5120, 20480, 81920], strict=True):
        assert 0.7 * usual < gap < 1.3 * usual + 70
    assert len({sent.headers["webhook-id"] for sent in sender.sent}) == 1
    assert len({sent.body for sent in sender.sent}) == 1
    assert [int(sent.headers["webhook-timestamp"]) for sent in sender.sent] == [
        int(sent.at) for sent in sender.sent
    ]
    [delivery] = await hooks.deliveries(endpoint)
    assert (delivery.status, delivery.attempts, delivery.last_error) == (
        "failed",
        11,
        "the endpoint answered 500",
    )
    assert (await hooks.endpoint(endpoint)).disabled_reason == NOTHING_TAKEN
    assert [job.status for job in await hooks.jobs()] == [Status.FAILED]
    assert len((await hooks.deployment.queue.dead_letters()).items) == 1


async def test_jitter_makes_the_retries_of_two_deployments_differ(tmp_path, autojump_clock) -> None:
    after = []
    for seed in (1, 2):
        sender = ObedientSender(behave=lambda url, number: Answer(500))
        async with open_hooks(tmp_path / f"{seed}.db", sender, seed) as hooks:
            began = hooks.deployment.clock.now()
            await hooks.register()
            await hooks.publish()
            await hooks.work(HOUR)
            after.append([sent.at - began for sent in sender.sent])

    assert after[0] != after[1]


async def test_an_endpoint_that_took_something_meanwhile_is_not_disabled_for_what_it_never_took(
    hooks, sender, autojump_clock
) -> None:
    def behave(url: str, number: int) -> Answer:
        return Answer(400 if b'"poison"' in sender.sent[-1].body else 200)

    sender.behave = behave
    endpoint = await hooks.register()
    await hooks.publish("poison")
    await hooks.work(DAY)
    await hooks.publish("good")
    await hooks.work(5 * DAY)

    assert [delivery.status for delivery in await hooks.deliveries(endpoint)] == ["failed", "delivered"]
    assert (await hooks.endpoint(endpoint)).disabled_at is None


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Unreachable("refused: a.example is 10.0.0.1"), "no connection could be made"),
        (NoAnswer("no answer within 15 s"), "there was no complete answer in time"),
        (Answer(302), "the endpoint answered 302"),
        (Answer(404), "the endpoint answered 404"),
    ],
)
async def test_the_log_of_a_failure_does_not_tell_what_is_behind_a_name_but_ours_does(
    hooks, sender, autojump_clock, failure, told
) -> None:
    sender.behave = lambda url, number: failure if number == 0 else Answer(200)
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(HOUR)

    [delivery] = await hooks.deliveries(endpoint)
    assert [attempt.error for attempt in await hooks.log(delivery)] == [told, None]
    [job] = await hooks.jobs()
    history = (await hooks.deployment.queue.job(job.id)).history
    expected = str(failure) if isinstance(failure, Exception) else told
    assert expected in history[0].error


async def test_gone_disables_the_endpoint_at_once(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Answer(410)
    endpoint = await hooks.register()
    await hooks.publish("1")
    await hooks.work(DAY)

    assert await hooks.publish("2") == 0
    assert len(sender.sent) == 1
    assert [delivery.status for delivery in await hooks.deliveries(endpoint)] == ["failed"]
    assert "410" in (await hooks.endpoint(endpoint)).disabled_reason
    assert [job.status for job in await hooks.jobs()] == [Status.CANCELLED]  # wanted: no dead letter


async def test_what_was_on_its_way_to_a_disabled_endpoint_fails_and_can_be_sent_when_it_is_enabled(
    hooks, sender, autojump_clock
) -> None:
    sender.behave = lambda url, number: Answer(410 if number == 0 else 200)
    endpoint = await hooks.register()
    for subject in ("1", "2", "3"):
        await hooks.publish(subject)
    await hooks.work(DAY)
    statuses = [delivery.status for delivery in await hooks.deliveries(endpoint)]
    assert statuses.count("failed") >= 2

    await hooks.deployment.db.write(enable, endpoint.id)
    await hooks.publish("4")
    await hooks.work()

    assert [delivery.status for delivery in await hooks.deliveries(endpoint)][-1] == "delivered"


# Being asked to wait


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_an_endpoint_that_asks_for_a_pause_gets_it_and_no_attempt_is_used_up(
    hooks, sender, autojump_clock, status: int
) -> None:
    sender.behave = lambda url, number: Answer(status, "120") if number == 0 else Answer(200)
    endpoint = await hooks.register()
    await hooks.publish("1")
    await hooks.work()
    await hooks.publish("2")  # it waits as well
    await hooks.work(HOUR)

    first, *later = hooks.after()
    assert all(120 <= moment - first < 180 for moment in later)
    assert [delivery.status for delivery in await hooks.deliveries(endpoint)] == ["delivered"] * 2
    assert [job.attempts for job in await hooks.jobs()] == [1, 1]


async def test_an_endpoint_that_asks_for_pauses_for_ever_is_given_up_after_days(
    hooks, sender, autojump_clock
) -> None:
    sender.behave = lambda url, number: Answer(429, "999999999")
    endpoint = await hooks.register()
    await hooks.publish()
    await hooks.work(6 * DAY)

    [delivery] = await hooks.deliveries(endpoint)
    assert delivery.status == "failed"
    assert len(sender.sent) == pytest.approx(4 * DAY / LONGEST_REST, abs=2)
    assert [job.status for job in await hooks.jobs()] == [Status.FAILED]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, "60"), 60),
        (Answer(429, "0"), SHORTEST_REST),
        (Answer(429, "999999"), LONGEST_REST),
        (Answer(503, format_datetime(datetime(2026, 1, 1, 12, 10, tzinfo=UTC), usegmt=True)), 600),
        (Answer(503, format_datetime(datetime(2026, 1, 1, 11, 0, tzinfo=UTC), usegmt=True)), SHORTEST_REST),
        *(
            (Answer(429, text), None)
            for text in ("", "soon", "-5", "1.5", "٣", "9" * 400, "Thu, 01 Jan 99999")
        ),
        (Answer(429), None),
        (Answer(500, "60"), None),
    ],
)
def test_retry_after_is_read_within_reason(answer: Answer, seconds: float | None) -> None:
    assert rest_after(answer, NOON) == seconds


# Crashes, rotation


async def test_a_request_that_was_cut_off_is_sent_again_as_the_same_message(
    hooks, sender, autojump_clock
) -> None:
    """At least once: whether the endpoint has it already, nobody knows."""
    sender.seconds = 10
    endpoint = await hooks.register()
    await hooks.publish()
    async with running_worker(hooks.deployment):
        await trio.sleep(5)
        [job] = await hooks.jobs()
        await hooks.deployment.queue.cancel(job.id)
        await trio.sleep(2)
        await hooks.deployment.queue.retry(job.id)
        await trio.sleep(60)

    first, second = sender.sent
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert [delivery.status for delivery in await hooks.deliveries(endpoint)] == ["delivered"]


async def test_while_secrets_change_requests_are_signed_with_both(hooks, sender, autojump_clock) -> None:
    endpoint = await hooks.register()
    [old] = await hooks.deployment.db.read(secrets_of, endpoint.id)
    new = "whsec_" + "bmV3" * 8
    await hooks.deployment.db.write(rotate, endpoint.id, new, DAY)
    await hooks.publish("during")
    await hooks.work()
    await trio.sleep(DAY)
    await hooks.publish("after")
    await hooks.work()

    during, after = sender.sent

    def signature(secret: str, sent) -> str:
        moment = datetime.fromtimestamp(int(sent.at), UTC)
        return Webhook(secret).sign(sent.headers["webhook-id"], moment, sent.body.decode())

    assert during.headers["webhook-signature"] == f"{signature(new, during)} {signature(old, during)}"
    assert after.headers["webhook-signature"] == signature(new, after)


async def test_no_secret_is_in_a_job_or_its_history(hooks, sender, autojump_clock) -> None:
    sender.behave = lambda url, number: Answer(500)
    endpoint = await hooks.register()
    [secret] = await hooks.deployment.db.read(secrets_of, endpoint.id)
    await hooks.publish()
    await hooks.work(60)

    [job] = await hooks.jobs()
    assert secret.removeprefix("whsec_") not in repr(await hooks.deployment.queue.job(job.id))


async def test_a_job_without_a_delivery_ends_as_cancelled(hooks, autojump_clock) -> None:
    record = await hooks.deployment.queue.enqueue(DeliverWebhook(delivery_id=99))
    await hooks.work()

    detail = await hooks.deployment.queue.job(record.id)
    assert (detail.record.status, detail.record.last_error) == (Status.CANCELLED, "its delivery is gone")


def test_the_moment_of_a_date_is_read_in_any_zone() -> None:
    east = datetime(2026, 1, 1, 14, 10, tzinfo=UTC).astimezone()
    assert (
        rest_after(Answer(503, format_datetime(east)), NOON) == timedelta(hours=2, minutes=10).total_seconds()
    )
