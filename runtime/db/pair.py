"""Pair: two lanes that share what comes, unless they get in each other's way.

Then the first works alone, and what gathers behind it is one group. Whichever of them is held up, the other
takes what waits: a row that somebody else has locked keeps only those waiting who want it or share a group.
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


class _Side(Generic[TransactionT]):
    """One of the lanes, and whether it is held up."""

    def __init__(self, lane: Lane[TransactionT]) -> None:
        self.lane = lane
        self.held_up = False
        self.called = trio.Event()

    async def watch(self, other: "_Side[TransactionT]") -> None:
        """Watch the lane while it works; what waits while it is held up goes to the other."""
        while True:
            await self.called.wait()
            self.called = trio.Event()
            while self.lane.busy:
                batch = self.lane.batches
                await trio.sleep(MOMENT)
                self.held_up = self._is_at(batch)
                if self.held_up and not other.held_up and (waiting := self.lane.take_back()):
                    other.give().hand_over(waiting)
            self.held_up = False

    def give(self) -> Lane[TransactionT]:
        """The lane, which is about to be given something."""
        self.called.set()
        return self.lane

    def _is_at(self, batch: int) -> bool:
        return self.lane.busy and self.lane.batches == batch


class Pair(Generic[TransactionT]):
    """Hands each request to one of two lanes; `run` must run.

    Args:
        refusals: how many groups of theirs were refused so far because of another transaction.
    """

    def __init__(
        self, first: Lane[TransactionT], second: Lane[TransactionT], refusals: Callable[[], int]
    ) -> None:
        self._first = _Side(first)
        self._second = _Side(second)
        self._refusals = refusals
        self._known = 0
        self._rivalry = Rivalry()

    async def submit(self, request: Request[TransactionT]) -> object:
        """See `Lane.submit`."""
        return await self._next().give().submit(request)

    def hand_over(self, requests: Sequence[Request[TransactionT]]) -> None:
        """See `Lane.hand_over`."""
        self._next().give().hand_over(requests)

    async def run(self) -> None:
        """Watch both lanes while they work; until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._first.watch, self._second)
            nursery.start_soon(self._second.watch, self._first)

    def _next(self) -> _Side[TransactionT]:
        refusals, now = self._refusals(), trio.current_time()
        if refusals != self._known:
            self._known = refusals
            self._rivalry.refused(now)
        if self._first.held_up != self._second.held_up:
            return self._second if self._first.held_up else self._first
        shared = self._rivalry.together(now) and self._second.lane.held < self._first.lane.held
        return self._second if shared else self._first
