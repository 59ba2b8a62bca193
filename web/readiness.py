"""Whether the application can take work: asked often, so the answer is kept for a second."""

import trio

from runtime.clock import Clock
from runtime.db.base import Database
from runtime.errors import DatabaseError
from runtime.transaction import JobTransaction

KEPT = 1.0
"""Seconds."""
PATIENCE = 3.0
"""Seconds that a write may take."""


class Readiness:
    """Tries a write that changes nothing."""

    def __init__(self, database: Database[JobTransaction], clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = trio.Lock()
        self._tried_at = float("-inf")
        self._trouble: str | None = None

    async def trouble(self) -> str | None:
        """Why the database does not take writes; None when it does. At most a second old."""
        async with self._lock:
            if self._clock.monotonic() - self._tried_at >= KEPT:
                self._trouble = await self._try()
                self._tried_at = self._clock.monotonic()
            return self._trouble

    async def _try(self) -> str | None:
        try:
            with trio.fail_after(PATIENCE):
                await self._database.write(_nothing)
        except trio.TooSlowError:
            return f"the database did not take a write within {PATIENCE:g} s"
        except DatabaseError as error:
            return f"the database does not take writes ({type(error).__name__})"
        return None


def _nothing(_tx: JobTransaction) -> None:
    """Take the write lock and give it back."""
