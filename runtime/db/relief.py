"""Relief: a second thread that steps in only while the first is held up.

Two that write side by side meet in the rows that all want (a product's stock), and where a transaction sees
one snapshot the later of the two is refused and done anew: of two threads that share the work one works in
vain. With one, functions wait for each other as a group; but a row that another program has locked would
keep all of them waiting. So what waits behind it goes to another thread after a moment.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import trio

from runtime.db.base import Transaction
from runtime.db.lane import Lane, Request

TransactionT = TypeVar("TransactionT", bound=Transaction)

MOMENT = 0.2
"""Seconds that one batch may take before others go round it."""


class Relief(Generic[TransactionT]):
    """Hands requests to the first of two lanes, or to the second while that is held up; `run` must run."""

    def __init__(self, first: Lane[TransactionT], second: Lane[TransactionT]) -> None:
        self._first = first
        self._second = second
        self._held_up = False
        self._called = trio.Event()

    async def submit(self, request: Request[TransactionT]) -> object:
        """See `Lane.submit`."""
        self._called.set()
        return await self._lane.submit(request)

    def hand_over(self, requests: Sequence[Request[TransactionT]]) -> None:
        """See `Lane.hand_over`."""
        self._called.set()
        self._lane.hand_over(requests)

    @property
    def _lane(self) -> Lane[TransactionT]:
        return self._second if self._held_up else self._first

    async def run(self) -> None:
        """Watch the first lane while it works; until cancelled."""
        while True:
            await self._called.wait()
            self._called = trio.Event()
            while self._first.busy:
                batch = self._first.batches
                await trio.sleep(MOMENT)
                self._held_up = self._is_at(batch)
                if self._held_up:
                    self._second.hand_over(self._first.take_back())
            self._held_up = False

    def _is_at(self, batch: int) -> bool:
        return self._first.busy and self._first.batches == batch
