import random

import pytest
import trio
from trio.testing import MockClock

from shop.errors import ServiceError
from shop.invoices import Invoice
from shop.orders import Order
from shop.services.blocking import Blocking
from shop.services.drawing import draw_invoice
from shop.services.printer import PdfPrinter
from shop.services.simulation import Simulation


async def test_the_printer_hands_out_the_drawing(
    order: Order, noon: float, inline: Blocking, calm: Simulation
) -> None:
    assert await PdfPrinter(inline, calm).draw(Invoice(1, noon, order)) == draw_invoice(
        Invoice(1, noon, order)
    )


async def test_the_printer_takes_two_seconds_and_may_fail(
    order: Order, noon: float, inline: Blocking, autojump_clock: MockClock
) -> None:
    printer = PdfPrinter(inline, Simulation(random.Random(1), latency=1, failures=20))

    with pytest.raises(ServiceError):
        await printer.draw(Invoice(1, noon, order))
    assert trio.current_time() == 2
