"""Wakeups: events that reset themselves when somebody wakes by them."""

import trio

from runtime.model.pace import Pace


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


class PacedWakeup(Wakeup):
    """Wakes its one waiter at once; where it is set again and again, after a rest for all that came in it.

    `Pace` says how long. What is set in a rest needs no wake-up of its own.
    """

    __slots__ = ("_pace", "_rested_at", "_times")

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()
        self._times = 0  # it was set since the last wake-up
        self._rested_at = 0.0

    def set(self) -> None:
        """Wake the waiter, in its time."""
        self._times += 1
        super().set()

    async def wait(self, seconds: float = float("inf")) -> None:
        """Wait to be woken, at most so long and a rest. Cancelled, a wake-up may be lost in a rest."""
        await super().wait(seconds)
        if trio.current_time() < self._rested_at:
            await trio.sleep_until(self._rested_at)
            self._event = trio.Event()
        now, times, self._times = trio.current_time(), self._times, 0
        self._rested_at = now + self._pace.acted(now, times)
