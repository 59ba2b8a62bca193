"""Turns: requests with one idempotency key go one after another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import trio

from shop.errors import InProgress

PATIENCE = 20.0
"""Seconds that a request waits for an earlier one: longer than a checkout takes."""


class Turns:
    """A lock for each key that somebody holds or waits for, within this process.

    Between processes the key's row in the database decides; there a second
    request is told to come back instead of being kept waiting.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, trio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def take(self, key: str) -> AsyncIterator[None]:
        """Wait for those with the same key who came earlier.

        Raises:
            InProgress: they took too long.
        """
        lock = self._locks.setdefault(key, trio.Lock())
        with trio.move_on_after(PATIENCE) as waiting:
            await lock.acquire()
        if waiting.cancelled_caught:
            raise InProgress(retry_after=PATIENCE)
        try:
            yield
        finally:
            lock.release()
