from shop.orders import find_order, find_order_detail, list_orders


async def test_an_order_is_found_as_it_was_placed(shop, autojump_clock, noon: float) -> None:
    placed = await shop.order(("prod-2", 3))

    found = await shop.deployment.db.read(find_order, placed.id)

    assert found == placed
    assert (found.user_id, found.email, found.created_at) == ("ada", "ada@example.com", noon)


async def test_there_is_no_order_of_another_id(shop, autojump_clock) -> None:
    assert await shop.deployment.db.read(find_order, "ord-0") is None
    assert await shop.deployment.db.read(find_order_detail, "ord-0") is None


async def test_lists_are_newest_first_and_read_on_by_cursor(shop, autojump_clock) -> None:
    placed = [await shop.order(("prod-2", 1)) for _ in range(5)]

    first = await shop.deployment.db.read(list_orders, limit=2)
    second = await shop.deployment.db.read(list_orders, limit=2, cursor=first.cursor)
    last = await shop.deployment.db.read(list_orders, limit=2, cursor=second.cursor)

    assert [*first.items, *second.items, *last.items] == placed[::-1]
    assert last.cursor is None


async def test_a_user_sees_own_orders_only(shop, autojump_clock) -> None:
    placed = await shop.order()

    assert (await shop.deployment.db.read(list_orders, "ada")).items == (placed,)
    assert (await shop.deployment.db.read(list_orders, "eve")).items == ()


async def test_the_detail_of_a_finished_order_shows_its_jobs_and_invoice(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 1), ("prod-2", 1))
    before = await shop.detail(order.id)
    await shop.work()
    after = await shop.detail(order.id)

    assert not before.has_invoice
    assert after.has_invoice
    assert sorted((job.type, str(job.status)) for job in after.jobs) == [
        ("complete_order", "completed"),
        ("generate_invoice", "completed"),
        ("send_followup_email", "scheduled"),
        ("send_order_confirmation", "completed"),
        ("sync_inventory", "completed"),
        ("sync_inventory", "completed"),
    ]
