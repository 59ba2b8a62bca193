"""The one vocabulary: what an application, the web and the command may ask and do."""

import pytest

from runtime.errors import (
    InvalidInput,
    InvalidPayload,
    NotAllowed,
    NotFound,
    UnknownType,
)
from runtime.model.records import Status
from runtime.store.retention import prune_finished
from runtime.testing import drain, running_worker
from tests.runtime.obedient import Declared, Obey


async def test_what_was_enqueued_can_be_looked_up(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey(name="a"), priority=7, key="k", delay=60)

    stored = (await deployment.queue.job(record.id)).record

    assert stored == record
    assert stored.status is Status.SCHEDULED
    assert stored.scheduled_at == stored.created_at + 60


async def test_a_job_enqueued_in_a_transaction_exists_exactly_if_it_committed(autojump_clock, deployment):
    def enqueue_and_fail(tx):
        tx.enqueue(Obey())
        raise LookupError

    with pytest.raises(LookupError):
        await deployment.db.write(enqueue_and_fail)
    kept = await deployment.db.write(lambda tx: tx.enqueue(Obey()))

    assert [job.id for job in (await deployment.queue.jobs()).items] == [kept.id]
    assert (await deployment.queue.stats()).pending == 1


async def test_a_key_is_unique_while_its_job_is_unfinished(autojump_clock, deployment):
    first = await deployment.queue.enqueue(Obey(), key="k")
    second = await deployment.queue.enqueue(Obey(), key="k")
    await drain(deployment)
    third = await deployment.queue.enqueue(Obey(), key="k")

    assert second.id == first.id
    assert second.duplicate
    assert not first.duplicate
    assert third.id != first.id


async def test_a_key_can_be_unique_for_a_period(autojump_clock, deployment):
    import trio

    first = await deployment.queue.enqueue(Obey(), key="k", unique_for=60)
    await drain(deployment)
    second = await deployment.queue.enqueue(Obey(), key="k", unique_for=60)
    await trio.sleep(61)
    third = await deployment.queue.enqueue(Obey(), key="k", unique_for=60)

    assert second.id == first.id
    assert third.id != first.id


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"delay": -1}, "delaySeconds"),
        ({"delay": float("nan")}, "delaySeconds"),
        ({"at": 1e18}, "at"),
        ({"priority": 101}, "priority"),
        ({"key": ""}, "key"),
        ({"key": "x" * 256}, "key"),
        ({"key": "a\nb"}, "key"),
        ({"unique_for": 5}, "uniqueForSeconds"),
        ({"max_attempts": 0}, "maxAttempts"),
    ],
)
async def test_an_option_out_of_range_is_refused_by_name(autojump_clock, deployment, options, field):
    with pytest.raises(InvalidInput) as caught:
        await deployment.queue.enqueue(Obey(), **options)

    assert [error.field for error in caught.value.errors] == [field]
    assert (await deployment.queue.stats()).pending == 0


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ("{}", "number"),
        ('{"number": "x"}', "number"),
        ('{"number": 1, "more": 2}', "more"),
        ("[1]", "payload"),
        ("{", "payload"),
        ('{"number": NaN}', "number"),
    ],
)
async def test_a_payload_that_does_not_fit_is_refused_and_the_field_named(
    autojump_clock, deployment, payload, field
):
    with pytest.raises(InvalidPayload) as caught:
        await deployment.queue.enqueue_raw("declared", payload)

    assert caught.value.errors[0].field == field
    assert (await deployment.queue.stats()).pending == 0


async def test_payloads_that_a_database_cannot_hold_are_refused(autojump_clock, deployment):
    for name in ("x" * 70_000, "nul \0", "lone \ud800"):
        with pytest.raises(InvalidPayload):
            await deployment.queue.enqueue(Obey(name=name))


async def test_an_unknown_type_is_refused(autojump_clock, deployment):
    with pytest.raises(UnknownType, match="ghost"):
        await deployment.queue.enqueue_raw("ghost", "{}")
    with pytest.raises(UnknownType):
        await deployment.queue.pause("ghost")
    with pytest.raises(UnknownType):
        await deployment.queue.set_limit("ghost", "1/s")


async def test_a_type_that_nobody_runs_waits_and_says_so(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Declared(number=1))
    await drain(deployment)

    detail = await deployment.queue.job(record.id)
    assert detail.record.status is Status.PENDING
    assert "no running worker knows the type declared" in detail.wait_reason


async def test_states_forbid_what_makes_no_sense(autojump_clock, deployment):
    record = await deployment.queue.enqueue(Obey())
    with pytest.raises(NotAllowed):
        await deployment.queue.retry(record.id)
    await drain(deployment)

    with pytest.raises(NotAllowed):
        await deployment.queue.cancel(record.id)
    with pytest.raises(NotAllowed):
        await deployment.queue.retry(record.id)
    with pytest.raises(NotFound):
        await deployment.queue.cancel(10_000)


async def test_a_cancelled_job_can_begin_anew_and_a_scheduled_one_be_hastened(autojump_clock, deployment):
    cancelled = await deployment.queue.enqueue(Obey())
    await deployment.queue.cancel(cancelled.id)
    scheduled = await deployment.queue.enqueue(Obey(), delay=1000)

    assert (await deployment.queue.retry(cancelled.id)).status is Status.PENDING
    assert (await deployment.queue.retry(scheduled.id)).status is Status.PENDING
    await drain(deployment)

    assert (await deployment.queue.stats()).completed == 2


async def test_a_job_cannot_begin_anew_while_another_holds_its_key(autojump_clock, deployment):
    first = await deployment.queue.enqueue(Obey(), key="k")
    await deployment.queue.cancel(first.id)
    await deployment.queue.enqueue(Obey(), key="k")

    with pytest.raises(NotAllowed, match="holds its key"):
        await deployment.queue.retry(first.id)


async def test_pages_follow_each_other_without_gap_or_repetition(autojump_clock, deployment):
    ids = await deployment.queue.enqueue_many([Obey() for _ in range(25)])

    seen, cursor = [], None
    while True:
        page = await deployment.queue.jobs(limit=10, cursor=cursor)
        seen += [job.id for job in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert seen == sorted(ids, reverse=True)


async def test_dead_letters_are_reviewed_retried_and_purged(autojump_clock, deployment):
    await deployment.queue.enqueue_many([Obey(do="discard") for _ in range(3)])
    await drain(deployment)
    letters = (await deployment.queue.dead_letters()).items

    assert (await deployment.queue.review_dead_letter(letters[0].id)).reviewed
    assert len((await deployment.queue.dead_letters(reviewed=False)).items) == 2
    assert len((await deployment.queue.dead_letters(reviewed=True)).items) == 1
    assert (await deployment.queue.stats()).unreviewed_dead_letters == 2
    assert await deployment.queue.purge_dead_letters() == 1
    assert await deployment.queue.retry_dead_letters("obey") == 2
    assert (await deployment.queue.dead_letters()).items == ()
    assert (await deployment.queue.stats()).pending == 2


async def test_statistics_say_how_long_the_oldest_job_waits_and_how_often_jobs_fail(
    autojump_clock, deployment
):
    import trio

    await deployment.queue.enqueue(Obey(), priority=0)
    await trio.sleep(90)
    await deployment.queue.enqueue(Obey(do="discard"), priority=20)

    assert (await deployment.queue.stats()).oldest_pending_seconds == pytest.approx(90)
    await drain(deployment)
    await trio.sleep(60)
    stats = await deployment.queue.stats()
    assert stats.oldest_pending_seconds is None
    assert (stats.completed_last_hour, stats.failed_last_hour, stats.failure_rate) == (1, 1, 0.5)
    assert stats.completed_per_minute == 0.2


async def test_pruning_takes_what_is_finished_and_old_and_nothing_else(autojump_clock, deployment):
    import trio

    await deployment.queue.enqueue_many([Obey() for _ in range(5)])
    await deployment.queue.enqueue(Obey(do="discard"))
    await drain(deployment)
    await trio.sleep(1000)
    await deployment.queue.enqueue(Obey(), key="k")
    await drain(deployment)

    before = deployment.clock.now() - 500
    assert await deployment.db.write(prune_finished, before, 3) == 3
    assert await deployment.db.write(prune_finished, before, 100) == 2
    assert await deployment.db.write(prune_finished, before, 100) == 0

    stats = await deployment.queue.stats()
    assert (stats.completed, stats.failed) == (1, 1)
    assert len((await deployment.queue.jobs()).items) == 2


async def test_types_show_what_is_declared_paused_and_counted(autojump_clock, deployment):
    await deployment.queue.enqueue(Obey())
    await deployment.queue.pause("obey")

    types = {status.type: status for status in await deployment.queue.types()}

    assert types["obey"].paused
    assert types["obey"].counts == {Status.PENDING: 1}
    assert "declared" in types


async def test_a_type_is_known_while_a_living_worker_runs_it(autojump_clock, deployment):
    def known(types):
        return {status.type for status in types if status.known}

    assert known(await deployment.queue.types()) == set()
    async with running_worker(deployment):
        assert known(await deployment.queue.types()) == {"obey", "other", "limited"}
    assert known(await deployment.queue.types()) == set()


async def test_a_key_taken_for_a_period_outlives_pruning(autojump_clock, deployment):
    first = await deployment.queue.enqueue(Obey(), key="k", unique_for=1000)
    await drain(deployment)

    assert await deployment.db.write(prune_finished, deployment.clock.now() + 1, 100) == 0
    assert (await deployment.queue.enqueue(Obey(), key="k")).id == first.id
