"""What happens to an order once it is paid.

confirmation ─┬─ invoice, and one inventory job a line ─── the order is completed
              └─ a day later: how do you like it?
"""

from runtime.flow import chain, group, step
from runtime.transaction import JobTransaction
from shop.jobs import CompleteOrder, GenerateInvoice, SendFollowupEmail, SendOrderConfirmation, SyncInventory
from shop.notices import OrderEvent, announce
from shop.orders import Order

DAY = 24 * 3600.0


def begin(tx: JobTransaction, order: Order) -> None:
    """Enqueue the work of a paid order."""
    lines = [
        SyncInventory(order_id=order.id, line=line, product_id=item.product_id, quantity=item.quantity)
        for line, item in enumerate(order.items)
    ]
    work = chain(
        SendOrderConfirmation(order_id=order.id),
        group(
            chain(group(GenerateInvoice(order_id=order.id), *lines), CompleteOrder(order_id=order.id)),
            # Should the queue have stood still for a week, nobody wants to be asked any more.
            step(SendFollowupEmail(order_id=order.id), delay=DAY, expires=8 * DAY),
        ),
    )
    workflow = tx.enqueue(work, name=f"order {order.id}")
    tx.change("insert_order_work", order_id=order.id, workflow_id=workflow.id)


def complete(tx: JobTransaction, order_id: str) -> None:
    """All that the order needs is done. A second call does nothing."""
    if tx.run("complete_order", id=order_id, now=tx.now):
        announce(tx, OrderEvent.COMPLETED, order_id)
