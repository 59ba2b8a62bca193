"""The whole shop in virtual time: real database, real worker, a day and a night in a moment."""

import time
from datetime import date

import pytest
import trio

from runtime.model.records import JobRecord, Status
from shop.invoices import find_invoice
from shop.orders import OrderStatus
from shop.reports import find_report

MINUTE, HOUR = 60, 3600
ORDERS = 20


@pytest.fixture
def environment() -> dict[str, str]:
    """All delays and twice the failures of the contract."""
    return {"SHOP_FAILURES": "2", "SHOP_REPORT_EMAIL": "boss@example.com"}


async def test_the_whole_pipeline_in_less_than_two_seconds(shop, autojump_clock) -> None:
    """Orders at noon, their jobs with retries, the report at midnight, the follow-ups next noon."""
    began = time.process_time()  # not the wall's, which counts what else the machine does

    orders = [await shop.order(("prod-1", 1), ("prod-2", 2)) for _ in range(ORDERS)]
    await shop.work(seconds=4 * MINUTE)
    assert {await shop.status(order.id) for order in orders} == {OrderStatus.COMPLETED}
    assert sorted(shop.sent) == sorted(f"confirmation.{order.id}" for order in orders)
    assert await shop.jobs("send_followup_email", Status.COMPLETED) == ()

    # Nobody works in the quiet hours: what is due then is in the database, not in a process.
    await trio.sleep(12 * HOUR - 5 * MINUTE)
    assert await shop.deployment.db.read(find_report, date(2026, 1, 1)) is None
    await shop.work(seconds=2 * MINUTE)
    assert shop.sent[ORDERS:] == ["sales-report.2026-01-01"]

    await trio.sleep(12 * HOUR - 1 * MINUTE)
    await shop.work(seconds=2 * MINUTE)
    assert sorted(shop.sent[ORDERS + 1 :]) == sorted(f"followup.{order.id}" for order in orders)

    assert max([job.attempts for job in await all_jobs(shop)]) > 1
    assert (len(shop.ledger), await shop.stock("prod-2")) == (ORDERS, 100 - 2 * ORDERS)
    report = await shop.deployment.db.read(find_report, date(2026, 1, 1))
    assert (report.orders, report.revenue_cents) == (ORDERS, ORDERS * (8999 + 2 * 3499))
    for order in orders:
        assert (await shop.deployment.db.read(find_invoice, order.id)).startswith(b"%PDF")
    stats = await shop.deployment.queue.stats()
    assert (stats.failed, stats.pending, stats.processing, stats.scheduled) == (0, 0, 0, 0)
    assert time.process_time() - began < 2


async def all_jobs(shop) -> list[JobRecord]:
    return [job for name in shop.deployment.app.types for job in await shop.jobs(name)]
