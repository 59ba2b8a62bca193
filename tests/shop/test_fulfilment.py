import pytest
import trio

from shop import fulfilment
from shop.orders import OrderStatus

NEEDED = ["send_order_confirmation", "generate_invoice", "sync_inventory", "sync_inventory"]


async def test_an_order_is_completed_when_all_that_it_needs_is_done(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 1), ("prod-2", 1))
    (last,) = await shop.jobs("complete_order")
    for name in NEEDED[1:]:
        assert all(job.status == "blocked" for job in await shop.jobs(name)), "the confirmation comes first"

    await shop.work()

    assert await shop.status(order.id) is OrderStatus.COMPLETED
    (after,) = [job for job in await shop.jobs("complete_order") if job.id == last.id]
    for name in NEEDED:
        assert all(job.completed_at <= after.completed_at for job in await shop.jobs(name))


@pytest.mark.parametrize("name", NEEDED[:3])
async def test_an_order_whose_work_is_given_up_is_not_completed_until_it_is_begun_anew(
    shop, autojump_clock, name
) -> None:
    order = await shop.order()
    (job,) = await shop.jobs(name)
    await shop.deployment.queue.cancel(job.id)
    await shop.work()
    assert await shop.status(order.id) is OrderStatus.PAID

    await shop.deployment.queue.retry(job.id)
    await shop.work()

    assert await shop.status(order.id) is OrderStatus.COMPLETED


async def test_the_followup_is_due_in_a_day_and_is_not_waited_for(shop, autojump_clock) -> None:
    order = await shop.order()
    await shop.work()

    (followup,) = await shop.jobs("send_followup_email")
    assert followup.scheduled_at - followup.created_at == 24 * 3600
    assert await shop.status(order.id) is OrderStatus.COMPLETED


async def test_after_more_than_a_week_of_standstill_the_work_is_done_and_nobody_is_asked(
    shop, autojump_clock
) -> None:
    order = await shop.order()
    await trio.sleep(9 * fulfilment.DAY)
    await shop.work()

    (followup,) = await shop.jobs("send_followup_email")
    assert (followup.status, followup.last_error[:20]) == ("cancelled", "expired: not started")
    assert await shop.status(order.id) is OrderStatus.COMPLETED


async def test_an_order_completed_twice_is_told_once(shop, autojump_clock) -> None:
    order = await shop.order()
    await shop.work()
    completed = (await shop.deployment.queue.job((await shop.jobs("complete_order"))[0].id)).record

    await shop.deployment.db.write(fulfilment.complete, order.id)

    assert await shop.status(order.id) is OrderStatus.COMPLETED
    assert completed.attempts == 1
