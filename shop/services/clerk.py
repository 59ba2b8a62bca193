"""Clerk: writes in the ledger for all who wait at the moment, under one lock and with one sync.

Each on a thread of its own, they would wait for the lock one after another, and each holder for
Python's lock at every call: under load that alone took longer than all the rest of an order.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio

from shop.services.blocking import Blocking
from shop.services.ledger import Entry, Ledger


class _Slip:
    """An entry that waits to be written."""

    def __init__(self, proposed: Entry) -> None:
        self.proposed = proposed
        self.done = trio.Event()
        self.standing: Entry | None = None
        self.error: Exception | None = None


class Clerk:
    """Takes entries from any task; see `open_clerk`."""

    def __init__(self, ledger: Ledger, blocking: Blocking) -> None:
        self.ledger = ledger
        self._blocking = blocking
        self._tray, self._waiting = trio.open_memory_channel[_Slip](math.inf)

    async def record(self, proposed: Entry) -> Entry:
        """`Ledger.record`. Cancelled, it may be recorded all the same.

        Raises:
            OSError: the file cannot be written; nothing was recorded.
        """
        slip = _Slip(proposed)
        self._tray.send_nowait(slip)
        await slip.done.wait()
        if slip.standing is None:
            # An error of one's own: several waiters would add their tracebacks to the same one.
            raise OSError(f"nothing was recorded: {slip.error}") from slip.error
        return slip.standing

    async def work(self) -> None:
        """Write until closed and nothing waits."""
        # Shielded: the checkouts that are under way when an application ends still need it.
        with trio.CancelScope(shield=True):
            async for first in self._waiting:
                slips = [first]
                with suppress(trio.WouldBlock):
                    while True:
                        slips.append(self._waiting.receive_nowait())
                await self._write(slips)

    def close(self) -> None:
        """Take no more."""
        self._tray.close()

    async def _write(self, slips: list[_Slip]) -> None:
        try:
            standing = await self._blocking.run(self.ledger.record_all, [slip.proposed for slip in slips])
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait hear of it
            for slip in slips:
                slip.error = error
        else:
            for slip, entry in zip(slips, standing, strict=True):
                slip.standing = entry
        for slip in slips:
            slip.done.set()


@asynccontextmanager
async def open_clerk(ledger: Ledger, blocking: Blocking) -> AsyncIterator[Clerk]:
    """A clerk at work until the block ends."""
    clerk = Clerk(ledger, blocking)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clerk.work)
        try:
            yield clerk
        finally:
            clerk.close()
