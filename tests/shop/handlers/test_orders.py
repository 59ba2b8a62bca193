import pytest

from runtime.model.records import Status
from runtime.testing import drain
from shop.handlers.orders import handlers
from shop.invoices import find_invoice
from shop.jobs import GenerateInvoice, RecoverPayment, SendFollowupEmail, SendOrderConfirmation, SyncInventory
from shop.orders import OrderStatus


async def test_a_confirmed_order_is_invoiced_shipped_and_completed(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 1), ("prod-2", 2))

    await drain(shop.deployment)

    assert await shop.status(order.id) is OrderStatus.COMPLETED
    assert shop.sent == [f"confirmation.{order.id}"]
    assert (await shop.deployment.db.read(find_invoice, order.id)).startswith(b"%PDF")


@pytest.mark.parametrize("job_type", [SendOrderConfirmation, SendFollowupEmail])
async def test_the_same_mail_job_twice_sends_one_mail(shop, autojump_clock, job_type) -> None:
    order = await shop.order()
    await drain(shop.deployment)

    for _ in range(2):
        await shop.deployment.queue.enqueue(job_type(order_id=order.id))
        await drain(shop.deployment)

    assert len(shop.sent) == len(set(shop.sent))
    assert len(await shop.jobs("generate_invoice")) == 1


@pytest.mark.parametrize(
    "job_type", [SendOrderConfirmation, GenerateInvoice, SendFollowupEmail, RecoverPayment]
)
async def test_a_job_of_an_order_that_is_not_there_is_given_up_at_once(
    shop, autojump_clock, job_type
) -> None:
    record = await shop.deployment.queue.enqueue(job_type(order_id="ord-0"))

    await drain(shop.deployment)

    detail = await shop.deployment.queue.job(record.id)
    assert (detail.record.status, detail.record.attempts) == (Status.FAILED, 1)
    assert "ord-0" in (detail.record.last_error or "")


async def test_a_line_is_shipped_once_however_often_its_job_runs(shop, autojump_clock) -> None:
    order = await shop.order(("prod-1", 1))
    await drain(shop.deployment)

    again = SyncInventory(order_id=order.id, line=0, product_id="prod-1", quantity=1)
    record = await shop.deployment.queue.enqueue(again)
    await drain(shop.deployment)

    assert (await shop.deployment.queue.job(record.id)).record.status is Status.COMPLETED
    assert await shop.status(order.id) is OrderStatus.COMPLETED


@pytest.mark.parametrize("job_type", ["send_order_confirmation", "send_followup_email"])
def test_mails_are_limited_to_120_a_minute(job_type: str) -> None:
    assert str(handlers.handlers[job_type].rate) == "120/m"


class TestWithFailures:
    @pytest.fixture
    def environment(self) -> dict[str, str]:
        return {"SHOP_LATENCY": "1", "SHOP_FAILURES": "3"}

    async def test_failures_are_tried_again_until_every_order_is_completed(
        self, shop, autojump_clock
    ) -> None:
        orders = [await shop.order(("prod-2", 1)) for _ in range(20)]

        await shop.work(seconds=120)

        assert {await shop.status(order.id) for order in orders} == {OrderStatus.COMPLETED}
        assert sorted(shop.sent) == sorted(f"confirmation.{order.id}" for order in orders)
        assert sum(job.attempts - 1 for job in await shop.jobs("send_order_confirmation")) > 0
