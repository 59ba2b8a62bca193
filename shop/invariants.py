"""What must be true of the shop's tables; `creche doctor` asks. Their queries stand in `sql/doctor.sql`."""

from runtime.store.doctor import Invariant

INVARIANTS = (
    Invariant("orders", "paid_orders_without_work", "paid, but without a job"),
    Invariant("order jobs", "order_jobs_without_orders", "jobs that belong to no order"),
    Invariant("order states", "orders_out_of_step", "are further, or less far, than their work"),
    Invariant("payments", "payments_out_of_step", "orders that tell another story than their payment"),
    Invariant("open payments", "payments_nobody_asks_about", "without an outcome, and no job looks for it"),
    Invariant("totals", "orders_with_wrong_totals", "do not add up"),
    Invariant("invoices", "missing_invoice_numbers", "invoice numbers follow a gap"),
)
