"""The jobs of one order. Each may run twice and has its effect once."""

from runtime.context import Context
from runtime.errors import Discard
from runtime.handlers import Handlers
from runtime.model.retry import Retry
from shop import fulfilment
from shop.invoices import save_invoice, take_number
from shop.jobs import (
    CompleteOrder,
    GenerateInvoice,
    RecoverPayment,
    SendFollowupEmail,
    SendOrderConfirmation,
    SyncInventory,
)
from shop.orders import Order, find_order
from shop.payments import PaymentState, find_payment, settle
from shop.services import messages
from shop.services.bundle import ShopServices

MAIL_RATE = "120/m"
SOON = Retry(base=2, cap=300)
PATIENT = Retry(base=30, cap=1800)

handlers = Handlers()


@handlers.handler(timeout=60, retry=SOON, rate=MAIL_RATE)
async def send_order_confirmation(job: SendOrderConfirmation, ctx: Context) -> None:
    """Mail the customer."""
    services = ctx.service(ShopServices)
    order = await _order(ctx, job.order_id)
    async with ctx.once(f"confirmation:{order.id}") as first:
        if first:
            await services.mailer.send(messages.confirmation(order, services.settings.mail_from, ctx.now()))


@handlers.handler(timeout=60, retry=SOON)
async def generate_invoice(job: GenerateInvoice, ctx: Context) -> None:
    """Draw the invoice and keep it. The number is taken first, so every attempt draws the same invoice."""
    order = await _order(ctx, job.order_id)
    invoice = await ctx.write_now(take_number, order)
    pdf = await ctx.service(ShopServices).printer.draw(invoice)
    ctx.write(save_invoice, order.id, pdf)


@handlers.handler(timeout=60, retry=SOON)
async def sync_inventory(job: SyncInventory, ctx: Context) -> None:
    """Tell the warehouse, which takes each reference once."""
    reference = f"{job.order_id}/{job.line}"
    async with ctx.once(f"inventory:{reference}") as first:
        if first:
            await ctx.service(ShopServices).inventory.ship(reference, job.product_id, job.quantity)


@handlers.handler(timeout=60, retry=SOON)
async def complete_order(job: CompleteOrder, ctx: Context) -> None:  # noqa: ASYNC124 - a plain one would need a thread
    """Invoice and inventory are done."""
    ctx.write(fulfilment.complete, job.order_id)


@handlers.handler(timeout=60, retry=SOON, rate=MAIL_RATE)
async def send_followup_email(job: SendFollowupEmail, ctx: Context) -> None:
    """Ask how the customer likes it."""
    services = ctx.service(ShopServices)
    order = await _order(ctx, job.order_id)
    async with ctx.once(f"followup:{order.id}") as first:
        if first:
            await services.mailer.send(messages.followup(order, services.settings.mail_from, ctx.now()))


@handlers.handler(timeout=60, retry=PATIENT)
async def recover_payment(job: RecoverPayment, ctx: Context) -> None:
    """Where a checkout left no outcome, ask the gateway for it, and settle.

    A charge that the gateway has not seen by now it will refuse, so an order
    that is given up here cannot be charged by a checkout that was merely slow.
    """
    payment = await ctx.read(find_payment, job.order_id)
    if payment is None:
        raise Discard(f"order {job.order_id} has no payment")
    if payment.state is PaymentState.STARTED:
        result = await ctx.service(ShopServices).gateway.close(job.order_id)
        ctx.write(settle, job.order_id, result)


async def _order(ctx: Context, order_id: str) -> Order:
    order = await ctx.read(find_order, order_id)
    if order is None:
        raise Discard(f"there is no order {order_id}")
    return order
