"""The shop's jobs: what each carries. Who runs them stands in `shop/handlers/`."""

from datetime import date

from pydantic import Field

from runtime.job import Job
from runtime.model.records import Priority


class SendOrderConfirmation(Job, type="send_order_confirmation", priority=Priority.HIGH):
    """Thank the customer; the rest of the order's work waits for it."""

    order_id: str


class GenerateInvoice(Job, type="generate_invoice"):
    """Draw the invoice as a PDF and keep it."""

    order_id: str


class SyncInventory(Job, type="sync_inventory"):
    """Tell the warehouse that one line of an order leaves it."""

    order_id: str
    line: int
    """Position in the order, from 0."""
    product_id: str
    quantity: int


class CompleteOrder(Job, type="complete_order", priority=Priority.HIGH):
    """All that the order needs is done: say so."""

    order_id: str


class SendFollowupEmail(Job, type="send_followup_email", priority=Priority.LOW):
    """Ask the customer, a day later, whether all is well."""

    order_id: str


class RecoverPayment(Job, type="recover_payment", priority=Priority.HIGH, max_attempts=50):
    """Find out what became of a charge that was begun, and settle the order accordingly."""

    order_id: str


class DailySalesReport(Job, type="daily_sales_report"):
    """Sum up the days that have no report yet, or the one that is named."""

    day: date | None = None
    """A day in UTC."""


class CleanupCompletedJobs(Job, type="cleanup_completed_jobs", priority=Priority.LOW):
    """Delete finished jobs and idempotency keys that are older than so many days."""

    older_than_days: int = Field(7, ge=1)
