"""Announcer: passes on what committed transactions announced, here and to other processes."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress

import trio

from runtime.db.base import Listener
from runtime.db.doorbell import Ring


class Announcer:
    """Keeps the listeners of this process."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._listeners: list[Listener] = []
        self._untold: deque[frozenset[str]] = deque()
        self._token = trio.lowlevel.current_trio_token()

    def committed(self, subjects: frozenset[str]) -> None:
        """Called right after a commit, on the thread that committed; see `tell`."""
        self._ring(subjects)
        self._untold.append(subjects)

    def tell(self) -> None:
        """Tell the listeners what was committed; on the trio thread.

        With the answers to those who wrote it: a wake-up of the loop by a thread costs 50 µs or more.
        """
        while self._untold:
            self.heard(self._untold.popleft())

    def heard_elsewhere(self, subjects: frozenset[str]) -> None:
        """Tell the listeners, from any thread."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self.heard, subjects)

    def heard(self, subjects: frozenset[str]) -> None:
        """Tell the listeners; on the trio thread."""
        for listener in tuple(self._listeners):
            listener(subjects)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """See `Database.listen`."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
