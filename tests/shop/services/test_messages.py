from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default

import pytest

from shop.orders import Order
from shop.reports import ProductSales, SalesReport
from shop.services.messages import as_bytes, confirmation, file_name, followup, sales_report

SENDER = "shop@example.com"


def test_a_confirmation_names_the_order_its_lines_and_the_total(order: Order, noon: float) -> None:
    message = message_from_bytes(as_bytes(confirmation(order, SENDER, noon)), policy=default)

    assert message["To"] == "ada@example.com"
    assert message["From"] == "Creche Shop <shop@example.com>"
    assert message["Subject"] == "Your order ord-1"
    assert message["Date"] == "Thu, 01 Jan 2026 12:00:00 +0000"
    assert message["Message-ID"] == "<confirmation.ord-1@example.com>"
    text = message.get_content()
    assert "2 x Mechanical Keyboard at $89.99" in text
    assert "Total: $214.97" in text


def test_the_same_mail_has_the_same_identity_and_another_mail_another(order: Order, noon: float) -> None:
    first, again = confirmation(order, SENDER, noon), confirmation(order, SENDER, noon + 60)

    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"] != followup(order, SENDER, noon)["Message-ID"]
    assert file_name(first) == "confirmation.ord-1.eml"


def test_a_line_break_in_an_address_cannot_become_a_header(order: Order, noon: float) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        confirmation(replace(order, email="ada@example.com\r\nBcc: eve@example.com"), SENDER, noon)


def test_an_address_beyond_ascii_is_kept_whole(order: Order, noon: float) -> None:
    raw = as_bytes(confirmation(replace(order, email="jürgen@example.com"), SENDER, noon))

    assert "To: jürgen@example.com\r\n".encode() in raw


def test_no_line_is_longer_than_mail_allows(order: Order, noon: float) -> None:
    many = replace(order, items=order.items * 200)

    assert max(map(len, as_bytes(followup(many, SENDER, noon)).split(b"\r\n"))) <= 998


def test_a_report_says_what_sold(noon: float) -> None:
    report = SalesReport(date(2026, 1, 1), 3, 21497, (ProductSales("prod-1", "Keyboard", 2, 17998),))

    message = sales_report(report, SENDER, "boss@example.com", noon)

    assert message["Subject"] == "Sales of 2026-01-01: 3 orders, $214.97"
    assert "2 x Keyboard: $179.98" in message.get_content()


def test_a_report_of_a_quiet_day_lists_nothing(noon: float) -> None:
    message = sales_report(SalesReport(date(2026, 1, 1), 0, 0, ()), SENDER, "boss@example.com", noon)

    assert "best" not in message.get_content()
