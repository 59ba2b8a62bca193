"""How an invoice looks. Imported when the first one is drawn: ReportLab takes its time to load."""

import io
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from shop.invoices import Invoice
from shop.texts import day_of, money

_FONT = "Vera"  # comes with ReportLab and knows more of the world's letters than the built-in fonts
_BOLD = "VeraBd"


def draw_invoice(invoice: Invoice) -> bytes:
    """The PDF; the same invoice gives the same bytes. Blocking, some milliseconds."""
    _register_fonts()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, title=f"Invoice {invoice.title}", author="Creche Shop", invariant=1
    )
    document.build([*_head(invoice), _lines(invoice)])
    return buffer.getvalue()


def _head(invoice: Invoice) -> list[Flowable]:
    title = ParagraphStyle("title", fontName=_BOLD, fontSize=18, leading=24)
    plain = ParagraphStyle("plain", fontName=_FONT, fontSize=10, leading=14)
    order = invoice.order
    facts = [
        f"Date: {day_of(invoice.issued_at)}",
        f"Order: {order.id}",
        f"Customer: {order.user_id}, {order.email}",
    ]
    return [
        Paragraph(f"Invoice {invoice.title}", title),
        *(Paragraph(escape(fact), plain) for fact in facts),  # paragraphs read markup: customers write none
        Spacer(1, 10 * mm),
    ]


def _lines(invoice: Invoice) -> Table:
    rows = [["Item", "Quantity", "Price", "Amount"]]
    for item in invoice.order.items:
        amount = money(item.quantity * item.price_cents)
        rows.append([item.name, str(item.quantity), money(item.price_cents), amount])
    rows.append(["Total", "", "", money(invoice.order.total_cents)])
    return Table(rows, colWidths=[80 * mm, 25 * mm, 30 * mm, 30 * mm], repeatRows=1, style=_style())


def _style() -> TableStyle:
    return TableStyle(
        [
            ("FONT", (0, 0), (-1, -1), _FONT, 10),
            ("FONT", (0, 0), (-1, 0), _BOLD, 10),
            ("FONT", (0, -1), (-1, -1), _BOLD, 10),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
            ("LINEABOVE", (0, -1), (-1, -1), 0.5, colors.black),
        ]
    )


@cache
def _register_fonts() -> None:
    for name in (_FONT, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
