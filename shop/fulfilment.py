"""What happens to an order once it is paid: its jobs, and when all of them are done.

There is no workflow engine here. Each job's completion, in its own
transaction, marks its part of the order as done; the one that finds no part
left completes the order. So an order is completed exactly when its parts are.
"""

from runtime.job import Job
from runtime.transaction import JobTransaction
from shop.jobs import GenerateInvoice, SendFollowupEmail, SendOrderConfirmation, SyncInventory
from shop.notices import OrderEvent, announce
from shop.orders import find_order

CONFIRMATION = "confirmation"
INVOICE = "invoice"
FOLLOWUP = "followup"
FOLLOWUP_DELAY = 24 * 3600.0


def inventory_part(line: int) -> str:
    """The name of the part that takes one line of the order out of the warehouse."""
    return f"inventory:{line}"


def begin(tx: JobTransaction, order_id: str) -> None:
    """Enqueue the first job of a paid order."""
    _add_part(tx, order_id, CONFIRMATION, SendOrderConfirmation(order_id=order_id))


def fan_out(tx: JobTransaction, order_id: str) -> None:
    """The order is confirmed: enqueue the rest of its work. A second call does nothing."""
    order = find_order(tx, order_id)
    if order is None or tx.one("count_order_part", bool, order_id=order_id, part=INVOICE):
        return
    _add_part(tx, order_id, INVOICE, GenerateInvoice(order_id=order_id))
    for line, item in enumerate(order.items):
        job = SyncInventory(order_id=order_id, line=line, product_id=item.product_id, quantity=item.quantity)
        _add_part(tx, order_id, inventory_part(line), job)
    _add_part(
        tx, order_id, FOLLOWUP, SendFollowupEmail(order_id=order_id), needed=False, delay=FOLLOWUP_DELAY
    )
    finish_part(tx, order_id, CONFIRMATION)


def finish_part(tx: JobTransaction, order_id: str, part: str) -> None:
    """Mark a part as done, and the order as completed when it was the last."""
    # Two last parts may finish at the same moment in two processes. The lock makes
    # the second see the first's mark; else each would find the other's part undone.
    tx.run("lock_order", id=order_id)
    tx.run("finish_order_part", order_id=order_id, part=part, now=tx.now)
    if tx.run("complete_order", id=order_id, now=tx.now):
        announce(tx, OrderEvent.COMPLETED, order_id)


def _add_part(
    tx: JobTransaction, order_id: str, part: str, job: Job, *, needed: bool = True, delay: float = 0
) -> None:
    record = tx.enqueue(job, delay=delay)
    tx.run("insert_order_part", order_id=order_id, part=part, job_id=record.id, needed=int(needed))
