import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from shop.invoices import Invoice
from shop.orders import Order
from shop.services.drawing import draw_invoice


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_invoice_opens_and_says_what_was_bought(order: Order, noon: float) -> None:
    text = text_of(draw_invoice(Invoice(7, noon, order)))

    for expected in (
        "INV-000007",
        "2026-01-01",
        "ord-1",
        "ada@example.com",
        "Mechanical Keyboard",
        "$179.98",
        "$214.97",
    ):
        assert expected in text


def test_the_same_invoice_is_the_same_file(order: Order, noon: float) -> None:
    assert draw_invoice(Invoice(7, noon, order)) == draw_invoice(Invoice(7, noon, order))


@pytest.mark.parametrize("name", ["Őrsi Žižka", "李小龍", "<b>&amp;</i>", "a" * 100, "🛒"])
def test_no_name_can_break_it(name: str, order: Order, noon: float) -> None:
    pdf = draw_invoice(Invoice(1, noon, replace(order, user_id=name)))

    assert text_of(pdf).startswith("Invoice INV-000001")


def test_markup_of_customers_is_text(order: Order, noon: float) -> None:
    assert "<b>Eve</b>" in text_of(draw_invoice(Invoice(1, noon, replace(order, user_id="<b>Eve</b>"))))


def test_many_lines_take_many_pages(order: Order, noon: float) -> None:
    pdf = draw_invoice(Invoice(1, noon, replace(order, items=order.items * 25)))

    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2
