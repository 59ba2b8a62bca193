from datetime import date

import pytest
import trio

from shop.errors import PaymentDeclined
from shop.reports import ProductSales, SalesReport, days_to_report, find_report, save_report, sum_up

NEW_YEAR = date(2026, 1, 1)
DAY = 86_400


async def test_a_day_counts_what_was_paid_in_it(shop, autojump_clock) -> None:
    await shop.order(("prod-1", 1), ("prod-2", 3))
    await shop.order(("prod-2", 1))
    with pytest.raises(PaymentDeclined):
        await shop.order(token="tok_declined")
    await trio.sleep(DAY)
    await shop.order(("prod-3", 1))

    assert await shop.deployment.db.read(sum_up, NEW_YEAR) == SalesReport(
        NEW_YEAR,
        2,
        8999 + 4 * 3499,
        (
            ProductSales("prod-2", "USB-C Hub", 4, 4 * 3499),
            ProductSales("prod-1", "Mechanical Keyboard", 1, 8999),
        ),
    )


async def test_the_day_ends_at_midnight_utc(shop, autojump_clock) -> None:
    await trio.sleep(DAY / 2 - 0.001)
    await shop.order(("prod-1", 1))
    await trio.sleep(0.001)
    await shop.order(("prod-2", 1))

    first, second = [await shop.deployment.db.read(sum_up, date(2026, 1, day)) for day in (1, 2)]

    assert (first.revenue_cents, second.revenue_cents) == (8999, 3499)


async def test_a_report_is_stored_and_can_be_computed_anew(shop, autojump_clock) -> None:
    quiet = SalesReport(NEW_YEAR, 0, 0, ())
    busy = SalesReport(NEW_YEAR, 1, 100, (ProductSales("prod-1", "Keyboard", 1, 100),))

    for report in (quiet, busy):
        await shop.deployment.db.write(save_report, report)

        assert await shop.deployment.db.read(find_report, NEW_YEAR) == report


async def test_before_the_first_report_only_yesterday_is_due(shop, autojump_clock) -> None:
    assert await shop.deployment.db.read(days_to_report) == [date(2025, 12, 31)]


async def test_nights_that_nobody_worked_are_made_up_for(shop, autojump_clock) -> None:
    await shop.deployment.db.write(save_report, SalesReport(NEW_YEAR, 0, 0, ()))
    await trio.sleep(4 * DAY)

    assert await shop.deployment.db.read(days_to_report) == [date(2026, 1, day) for day in (2, 3, 4)]


async def test_after_a_long_absence_the_last_month_is_reported(shop, autojump_clock) -> None:
    await shop.deployment.db.write(save_report, SalesReport(NEW_YEAR, 0, 0, ()))
    await trio.sleep(300 * DAY)

    days = await shop.deployment.db.read(days_to_report)

    assert (len(days), days[-1]) == (31, date(2026, 10, 27))


async def test_what_is_reported_is_not_due_again(shop, autojump_clock) -> None:
    await shop.deployment.db.write(save_report, SalesReport(date(2025, 12, 31), 0, 0, ()))

    assert await shop.deployment.db.read(days_to_report) == []
