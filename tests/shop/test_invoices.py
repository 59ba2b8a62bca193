from shop.invoices import find_invoice, save_invoice, take_number


async def test_numbers_count_without_gaps_and_belong_to_an_order_for_good(shop, autojump_clock) -> None:
    first, second = await shop.order(), await shop.order()

    numbers = [
        (await shop.deployment.db.write(take_number, order)).number for order in (first, first, second, first)
    ]

    assert numbers == [1, 1, 2, 1]


async def test_an_invoice_is_found_once_it_is_drawn(shop, autojump_clock) -> None:
    order = await shop.order()
    invoice = await shop.deployment.db.write(take_number, order)
    assert invoice.title == "INV-000001"
    assert await shop.deployment.db.read(find_invoice, order.id) is None

    await shop.deployment.db.write(save_invoice, order.id, b"%PDF")

    assert await shop.deployment.db.read(find_invoice, order.id) == b"%PDF"
