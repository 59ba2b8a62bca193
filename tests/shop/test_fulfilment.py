from itertools import permutations

import pytest

from shop import fulfilment
from shop.orders import OrderStatus

PARTS = ["invoice", "inventory:0", "inventory:1"]


@pytest.mark.parametrize("parts", list(permutations(PARTS)))
async def test_whichever_part_is_last_completes_the_order(shop, autojump_clock, parts: list[str]) -> None:
    order = await shop.order(("prod-1", 1), ("prod-2", 1))
    await shop.deployment.db.write(fulfilment.fan_out, order.id)

    for part in parts:
        assert await shop.status(order.id) is OrderStatus.PAID
        await shop.deployment.db.write(fulfilment.finish_part, order.id, part)

    assert await shop.status(order.id) is OrderStatus.COMPLETED


async def test_the_followup_is_due_in_a_day_and_is_not_waited_for(shop, autojump_clock) -> None:
    order = await shop.order()
    await shop.work()

    (followup,) = await shop.jobs("send_followup_email")
    assert followup.scheduled_at - followup.created_at == 24 * 3600
    assert await shop.status(order.id) is OrderStatus.COMPLETED


async def test_fanning_out_twice_enqueues_once(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 1), ("prod-2", 1))

    for _ in range(2):
        await shop.deployment.db.write(fulfilment.fan_out, order.id)

    counts = [
        len(await shop.jobs(name)) for name in ("generate_invoice", "sync_inventory", "send_followup_email")
    ]
    assert counts == [1, 2, 1]


async def test_a_part_finished_twice_counts_once(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 1), ("prod-2", 1))
    await shop.deployment.db.write(fulfilment.fan_out, order.id)

    for part in ["inventory:0", "inventory:0", "invoice"]:
        await shop.deployment.db.write(fulfilment.finish_part, order.id, part)

    assert await shop.status(order.id) is OrderStatus.PAID


async def test_an_order_that_is_not_there_has_no_work(shop, autojump_clock) -> None:
    await shop.deployment.db.write(fulfilment.fan_out, "ord-0")

    assert await shop.jobs("generate_invoice") == ()
