"""Signals: the first asks for an orderly stop, the second does not wait.

Not trio's receiver: it hears nothing while a handler blocks the loop, makes one
event of two quick signals, and re-raises what is pending when its block ends.
A raw handler arms the watchdog at once, whatever the loop does.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import trio

from runtime.worker.watchdog import Watchdog

LEAVING = 1.75
"""Seconds beyond the grace after which the process leaves by force: within two, as the watchdog ticks."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""In the order in which they get handlers: a parent sends SIGINT last, which is never met unprepared."""


@contextmanager
def stop_on_signals(
    stopping: trio.Event, hurry: Callable[[], None], watchdog: Watchdog, *, grace: float
) -> Iterator[None]:
    """Set `stopping` at the first SIGTERM or SIGINT, call `hurry` at the second; main thread only."""
    token = trio.lowlevel.current_trio_token()
    orders: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        # The next signal may interrupt this at any call: from the append on, what this one is stands.
        first = not orders
        orders.append(number)
        watchdog.arm(grace + LEAVING if first else LEAVING)
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(stopping.set if first else hurry)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # Once stopping, stay deaf: a late signal must not turn an orderly exit into a death by signal.
            signal.signal(number, signal.SIG_IGN if orders else handler)
