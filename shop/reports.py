"""Sales reports: one a day, in UTC."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta

from runtime.db.base import Transaction
from shop.texts import utc

TOP = 5
MOST_DAYS = 31
"""How far back a late report reaches."""


@dataclass(frozen=True, slots=True)
class ProductSales:
    """What a product sold in a day."""

    product_id: str
    name: str
    quantity: int
    revenue_cents: int


@dataclass(frozen=True, slots=True)
class SalesReport:
    """A day's sales: orders count on the day they were paid."""

    day: date
    orders: int
    revenue_cents: int
    top_products: tuple[ProductSales, ...]


def sum_up(tx: Transaction, day: date) -> SalesReport:
    """Compute a day's report."""
    start = datetime.combine(day, time(), UTC).timestamp()
    end = start + 86_400
    orders, revenue = tx.one("sum_sales", _pair, start=start, end=end) or (0, 0)
    top = tuple(tx.all("list_top_products", ProductSales, start=start, end=end, most=TOP))
    return SalesReport(day, orders, revenue, top)


def save_report(tx: Transaction, report: SalesReport) -> None:
    """Store a report, in place of an earlier one of the same day."""
    tx.change(
        "save_sales_report",
        day=report.day.isoformat(),
        orders=report.orders,
        revenue_cents=report.revenue_cents,
        top_products=json.dumps([asdict(product) for product in report.top_products]),
        now=tx.now,
    )


def days_to_report(tx: Transaction) -> list[date]:
    """The days that are over and have no report, oldest first; before the first report only yesterday.

    Midnights at which nobody was there are so made up for.
    """
    yesterday = utc(tx.now).date() - timedelta(days=1)
    last = tx.one("last_sales_report", _day)
    first = (
        yesterday
        if last is None
        else max(last + timedelta(days=1), yesterday - timedelta(days=MOST_DAYS - 1))
    )
    return [first + timedelta(days=number) for number in range((yesterday - first).days + 1)]


def find_report(tx: Transaction, day: date) -> SalesReport | None:
    """The stored report of a day."""
    return tx.one("find_sales_report", _report, day=day.isoformat())


def _pair(orders: int, revenue_cents: int) -> tuple[int, int]:
    return orders, revenue_cents


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _report(day: str, orders: int, revenue_cents: int, top_products: str) -> SalesReport:
    top = tuple(ProductSales(**product) for product in json.loads(top_products))
    return SalesReport(date.fromisoformat(day), orders, revenue_cents, top)
