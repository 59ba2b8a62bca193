"""Time, injected: the only file that reads a clock.

Two clocks matter to a queue. `now()` is wall time, written into rows, read by
people, and free to jump. `monotonic()` never jumps and is what liveness is
measured by; it is comparable between the processes of one boot of one machine.
"""

import socket
import time
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the runtime may ask about time. All values are in seconds."""

    def now(self) -> float:
        """Wall time: seconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since the machine started; never jumps."""
        ...

    def boot(self) -> str:
        """Names the boot of the machine that `monotonic` counts from."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Wall time: seconds since 1970-01-01 UTC."""
        return time.time()  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """Seconds since boot, CLOCK_MONOTONIC: the same for every process of the machine."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def boot(self) -> str:
        """The kernel's random id of this boot; the machine's name where there is none."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return socket.gethostname()


class TrioClock:
    """Wall and monotonic time that follow trio's clock.

    Under `trio.testing.MockClock` a month passes in a second. It must be asked
    from inside `trio.run`, on the trio thread: hence with an inline database.
    """

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        """Begin at `start`, by default 2026-01-01T00:00:00Z, when trio's clock reads zero."""
        self._start = start

    def now(self) -> float:
        """Wall time: `start` plus what trio's clock says."""
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        """What trio's clock says."""
        import trio  # here, since programs without trio may enqueue, and those read a clock

        return trio.current_time()

    def boot(self) -> str:
        """One boot for ever."""
        return "virtual"
