"""What the shop writes to people: pure functions from a record to a mail (RFC 5322).

The same record gives the same Message-ID, so a mail that is sent a second time
after a crash can be told from a second mail.
"""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from shop.orders import Order
from shop.reports import SalesReport
from shop.texts import day_of, money, utc

_SHOP_NAME = "Creche Shop"


def confirmation(order: Order, sender: str, now: float) -> EmailMessage:
    """Thanks for an order, with its lines."""
    lines = [f"  {item.quantity} x {item.name} at {money(item.price_cents)}" for item in order.items]
    body = "\n".join(
        [
            "Thank you for your order.",
            "",
            f"Order {order.id} of {day_of(order.created_at)}:",
            *lines,
            f"  Total: {money(order.total_cents)}",
            "",
            "The invoice follows as soon as it is drawn.",
        ]
    )
    return _message(
        f"confirmation.{order.id}",
        subject=f"Your order {order.id}",
        body=body,
        sender=sender,
        recipient=order.email,
        now=now,
    )


def followup(order: Order, sender: str, now: float) -> EmailMessage:
    """A question, a day later, whether all is well."""
    names = ", ".join(item.name for item in order.items)
    body = f"You ordered {names} from us.\nIs everything as you wished? Just answer this mail."
    return _message(
        f"followup.{order.id}",
        subject=f"How do you like your order {order.id}?",
        body=body,
        sender=sender,
        recipient=order.email,
        now=now,
    )


def sales_report(report: SalesReport, sender: str, recipient: str, now: float) -> EmailMessage:
    """A day's sales for the people who run the shop."""
    lines = [f"  {item.quantity} x {item.name}: {money(item.revenue_cents)}" for item in report.top_products]
    body = "\n".join(
        [
            f"Sales of {report.day} (UTC)",
            "",
            f"Orders:  {report.orders}",
            f"Revenue: {money(report.revenue_cents)}",
            *(["", "What sold best:", *lines] if lines else []),
        ]
    )
    return _message(
        f"sales-report.{report.day}",
        subject=f"Sales of {report.day}: {report.orders} orders, {money(report.revenue_cents)}",
        body=body,
        sender=sender,
        recipient=recipient,
        now=now,
    )


def as_bytes(message: EmailMessage) -> bytes:
    """The mail as it is stored or sent: with a non-ASCII address as UTF-8, else plain."""
    recipient = str(message["To"])
    return message.as_bytes(policy=SMTP if recipient.isascii() else SMTPUTF8)


def file_name(message: EmailMessage) -> str:
    """A file name that belongs to this mail alone."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", str(message["Message-ID"]).strip("<>").rpartition("@")[0]) + ".eml"


def _message(
    identity: str, *, subject: str, body: str, sender: str, recipient: str, now: float
) -> EmailMessage:
    """Build the mail. The e-mail package refuses line breaks in headers, so none can be injected."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(_SHOP_NAME, addr_spec=sender)
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = format_datetime(utc(now))
    message["Message-ID"] = f"<{identity}@{sender.rpartition('@')[2]}>"
    message.set_content(body)
    return message
