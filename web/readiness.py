"""Whether the application can take work: asked often, so the answer is kept for a second."""

from collections.abc import Mapping

import trio

from runtime.clock import Clock
from runtime.db.base import Database
from runtime.errors import DatabaseError
from runtime.store.doctor import schema_versions
from runtime.transaction import JobTransaction

KEPT = 1.0
"""Seconds."""
PATIENCE = 3.0
"""Seconds that a write may take."""


class Readiness:
    """Tries a write that changes nothing, and looks whether the schema is still the one we were started with.

    Args:
        schema: how far each schema was migrated then; a newer version of the code may have gone on since.
    """

    def __init__(self, database: Database[JobTransaction], clock: Clock, schema: Mapping[str, int]) -> None:
        self._database = database
        self._clock = clock
        self._schema = dict(schema)
        self._lock = trio.Lock()
        self._tried_at = float("-inf")
        self._trouble: str | None = None

    async def trouble(self) -> str | None:
        """Why the database cannot be worked with; None when it can. At most a second old."""
        async with self._lock:
            if self._clock.monotonic() - self._tried_at >= KEPT:
                self._trouble = await self._try()
                self._tried_at = self._clock.monotonic()
            return self._trouble

    async def _try(self) -> str | None:
        try:
            with trio.fail_after(PATIENCE):
                found = await self._database.write(schema_versions)
        except trio.TooSlowError:
            return f"the database did not take a write within {PATIENCE:g} s"
        except DatabaseError as error:
            return f"the database does not take writes ({type(error).__name__})"
        if found != self._schema:
            return "the database has another schema than when this process started; restart it"
        return None
