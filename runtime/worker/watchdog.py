"""Watchdog: a thread outside trio that sees a blocked event loop and enforces the end.

A handler that blocks the loop stops every timeout, heartbeat and signal of the
process; only somebody outside the loop can say so, and leave by force when an
orderly shutdown does not come to its end.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import trio

from runtime.events import Events

TICK = 0.25
STALL = 1.0
"""Seconds without a tick that count as a blocked loop."""
FORCED_EXIT = 70
"""Exit code when the orderly way took too long (EX_SOFTWARE)."""


class Watchdog:
    """Watches the loop of the thread that made it.

    Args:
        running: what runs now, for the report.
        monotonic: real time, whatever the loop's clock says.
        leave: ends the process at once with an exit code.
    """

    def __init__(
        self,
        events: Events,
        running: Callable[[], Sequence[str]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._events = events
        self._running = running
        self._monotonic = monotonic
        self._leave = leave
        self._loop_thread = threading.get_ident()
        self._ticked = monotonic()
        self._reported = False
        self._deadlines: list[tuple[float, float]] = []  # and when they were set
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def arm(self, seconds: float) -> None:
        """Leave by force unless the process has ended in so many seconds; the earliest deadline stands."""
        now = self._monotonic()
        # One step: two signals that come together call this inside itself, and neither may undo the other.
        self._deadlines.append((now + seconds, now))

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            self._ticked = self._monotonic()
            await trio.sleep(TICK)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._done.set()

    def look(self) -> None:
        """Report a loop that has begun to stall; leave if the time to do so in order is over."""
        now = self._monotonic()
        stalled = now - self._ticked
        if stalled < STALL:
            self._reported = False
        elif not self._reported:
            self._reported = True
            with suppress(Exception):  # a log that cannot be written must not end the watch
                self._events.loop_stalled(stalled, self._running(), self._stack())
        if any(now > deadline for deadline, _ in self._deadlines):
            with suppress(Exception):
                self._events.forced_exit(now - self._deadlines[0][1])
            _flush_logs()
            self._leave(FORCED_EXIT)

    def _watch(self) -> None:
        while not self._done.wait(TICK):
            self.look()

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the documented way to see it
        return "".join(traceback.format_stack(frame)[-8:]) if frame else ""


def _flush_logs() -> None:
    """Let the last words out: `os._exit` runs nothing, and handlers may write from a thread of their own."""
    for stream in (*logging.getLogger().handlers, sys.stderr):
        with suppress(Exception):
            stream.flush()


@asynccontextmanager
async def open_watchdog(events: Events, running: Callable[[], Sequence[str]]) -> AsyncIterator[Watchdog]:
    """A watchdog while the block runs."""
    watchdog = Watchdog(events, running)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watchdog.run)
        watchdog.start()
        try:
            yield watchdog
        finally:
            watchdog.stop()
            nursery.cancel_scope.cancel()
