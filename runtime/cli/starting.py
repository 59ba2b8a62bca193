"""Signals that come while a process still starts."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """SIGTERM or SIGINT ends the process at once with code 0, until somebody else handles them.

    While a process starts it has taken nothing on, so there is nothing to put in order.
    Main thread only.
    """
    before = {number: signal.signal(number, _leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _leave:  # not where a supervisor has made the process deaf
                signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)
