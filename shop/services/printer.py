"""Who draws invoices: its face, and a simulated slow printer that makes real PDFs."""

from typing import Protocol

import trio

from shop.invoices import Invoice
from shop.services.blocking import Blocking
from shop.services.simulation import Simulation


class Printer(Protocol):
    """Turns invoices into documents."""

    async def draw(self, invoice: Invoice) -> bytes:
        """The invoice as a PDF.

        Raises:
            ServiceError: the printer failed; try again.
        """
        ...


class PdfPrinter:
    """ReportLab behind a simulated slow service."""

    def __init__(self, blocking: Blocking, simulation: Simulation) -> None:
        self._blocking = blocking
        self._simulation = simulation
        # ReportLab keeps its fonts in module globals: one drawing at a time.
        self._turn = trio.Lock()

    async def draw(self, invoice: Invoice) -> bytes:
        """See `Printer.draw`."""
        await self._simulation.work("drawing the invoice", seconds=2, failing=0.05)
        async with self._turn:
            return await self._blocking.run(_draw, invoice)


def _draw(invoice: Invoice) -> bytes:
    from shop.services.drawing import draw_invoice

    return draw_invoice(invoice)
