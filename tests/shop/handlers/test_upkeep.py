from datetime import date

import pytest
import trio

from runtime.model.records import Status
from runtime.testing import drain
from shop.jobs import CleanupCompletedJobs, DailySalesReport
from shop.reports import find_report

DAY = 86_400


async def test_old_finished_jobs_go_and_young_ones_stay(shop, autojump_clock) -> None:
    await shop.order()
    await drain(shop.deployment)
    await trio.sleep(7 * DAY + 1)
    await shop.order()
    await drain(shop.deployment)

    await shop.deployment.queue.enqueue(CleanupCompletedJobs())
    await drain(shop.deployment)

    assert len(await shop.jobs("generate_invoice", Status.COMPLETED)) == 1


async def test_a_forgotten_key_may_be_used_anew(shop, autojump_clock) -> None:
    first = await shop.order(key="k")
    await trio.sleep(8 * DAY)

    await shop.deployment.queue.enqueue(CleanupCompletedJobs())
    await drain(shop.deployment)

    assert (await shop.order(key="k")).id != first.id


async def test_a_named_day_is_reported(shop, autojump_clock) -> None:
    await shop.order(("prod-1", 1))

    await shop.deployment.queue.enqueue(DailySalesReport(day=date(2026, 1, 1)))
    await drain(shop.deployment)

    assert (await shop.deployment.db.read(find_report, date(2026, 1, 1))).revenue_cents == 8999
    assert shop.sent == ["confirmation.ord-1"]


class TestWithReader:
    @pytest.fixture
    def environment(self) -> dict[str, str]:
        return {"SHOP_LATENCY": "0", "SHOP_FAILURES": "0", "SHOP_REPORT_EMAIL": "boss@example.com"}

    async def test_the_report_is_mailed_once_a_day(self, shop, autojump_clock) -> None:
        for _ in range(2):
            await shop.deployment.queue.enqueue(DailySalesReport(day=date(2026, 1, 1)))
            await drain(shop.deployment)

        assert shop.sent == ["sales-report.2026-01-01"]


class TestWithBrokenMail:
    @pytest.fixture
    def environment(self) -> dict[str, str]:
        return {"SHOP_LATENCY": "0", "SHOP_FAILURES": "10", "SHOP_REPORT_EMAIL": "boss@example.com"}

    async def test_a_day_whose_mail_fails_stays_due(self, shop, autojump_clock) -> None:
        record = await shop.deployment.queue.enqueue(DailySalesReport(), max_attempts=1)
        await drain(shop.deployment)

        assert (await shop.deployment.queue.job(record.id)).record.status is Status.FAILED
        assert await shop.deployment.db.read(find_report, date(2025, 12, 31)) is None
