"""The jobs that a schedule enqueues."""

from runtime.context import Context
from runtime.handlers import Handlers
from runtime.model.retry import Retry
from runtime.store.retention import prune_finished
from shop.jobs import CleanupCompletedJobs, DailySalesReport
from shop.reports import SalesReport, days_to_report, save_report, sum_up
from shop.requests import forget_requests
from shop.services import messages
from shop.services.bundle import ShopServices

DAY = 86_400.0
CHUNK = 1000

handlers = Handlers()


@handlers.handler(cron="0 0 * * *", timeout=600, retry=Retry(base=30))
async def daily_sales_report(job: DailySalesReport, ctx: Context) -> None:
    """Report the days that are over.

    The reports are stored with the completion, so a day whose mail fails is not passed over.
    """
    days = await ctx.read(days_to_report) if job.day is None else [job.day]
    for day in days:
        report = await ctx.read(sum_up, day)
        await _mail(report, ctx)
        ctx.write(save_report, report)


@handlers.handler(cron="0 3 * * *", timeout=600)
async def cleanup_completed_jobs(job: CleanupCompletedJobs, ctx: Context) -> None:
    """Delete in chunks, so that nobody waits long for the database."""
    before = ctx.now() - job.older_than_days * DAY
    while await ctx.write_now(prune_finished, before, CHUNK) == CHUNK:
        pass
    await ctx.write_now(forget_requests, before)


async def _mail(report: SalesReport, ctx: Context) -> None:
    services = ctx.service(ShopServices)
    recipient = services.settings.report_email
    if recipient is None:
        return
    async with ctx.once(f"sales-report:{report.day}") as first:
        if first:
            sender = services.settings.mail_from
            await services.mailer.send(messages.sales_report(report, sender, recipient, ctx.now()))
