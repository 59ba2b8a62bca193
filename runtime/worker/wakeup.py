"""Wakeup: an event that resets itself when somebody wakes by it."""

import trio


class Wakeup:
    """Wakes its one waiter; a set while nobody waits is not lost."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = trio.Event()

    def set(self) -> None:
        """Wake the waiter, now or when it comes."""
        self._event.set()

    async def wait(self, seconds: float = float("inf")) -> None:
        """Wait to be woken, at most so long. Cancelled, a wake-up is kept for the next wait."""
        with trio.move_on_after(max(0.0, seconds)):
            await self._event.wait()
        self._event = trio.Event()
