"""Pair: two lanes that share what comes, unless they get in each other's way.

Then the first works alone, and what gathers behind it is one group. The second steps in only while the first
is held up: a row that somebody else has locked keeps only those waiting who want it or share a group with it.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import trio

from runtime.db.base import Transaction
from runtime.db.lane import Lane, Request
from runtime.model.rivalry import Rivalry

TransactionT = TypeVar("TransactionT", bound=Transaction)

MOMENT = 0.2
"""Seconds that one batch may take before others go round it."""


class Pair(Generic[TransactionT]):
    """Hands each request to one of two lanes; `run` must run.

    Args:
        refusals: how many groups of theirs were refused so far because of another transaction.
    """

    def __init__(
        self, first: Lane[TransactionT], second: Lane[TransactionT], refusals: Callable[[], int]
    ) -> None:
        self._first = first
        self._second = second
        self._refusals = refusals
        self._known = 0
        self._rivalry = Rivalry()
        self._held_up = False
        self._called = trio.Event()

    async def submit(self, request: Request[TransactionT]) -> object:
        """See `Lane.submit`."""
        return await self._next().submit(request)

    def hand_over(self, requests: Sequence[Request[TransactionT]]) -> None:
        """See `Lane.hand_over`."""
        self._next().hand_over(requests)

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

    def _next(self) -> Lane[TransactionT]:
        self._called.set()
        refusals, now = self._refusals(), trio.current_time()
        if refusals != self._known:
            self._known = refusals
            self._rivalry.refused(now)
        shared = self._rivalry.together(now) and self._second.held < self._first.held
        return self._second if self._held_up or shared else self._first

    def _is_at(self, batch: int) -> bool:
        return self._first.busy and self._first.batches == batch
