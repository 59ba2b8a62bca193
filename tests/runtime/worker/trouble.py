"""Fakes for trouble: a database that fails for a while, and events that remember what they were told."""

from collections.abc import Callable, Collection
from dataclasses import replace

from runtime.app import Deployment
from runtime.db.base import Database
from runtime.errors import DatabaseBusy, DatabaseError
from runtime.events import Events


def name_of(fn) -> str:
    """Of a transaction function, or of the class of one that says what it will ask."""
    return getattr(fn, "__name__", type(fn).__name__)


class TroubledDatabase(Database):
    """Another database, but the functions of these names fail so many times."""

    def __init__(self, database: Database, names: Collection[str], times: int, error: DatabaseError) -> None:
        self._database = database
        self._names = names
        self.times = times
        self._error = error
        self.calls: list[str] = []
        """The functions that were run, by name."""

    async def read(self, fn, /, *args, **kwargs):
        self._trouble(fn)
        return await self._database.read(fn, *args, **kwargs)

    async def write(self, fn, /, *args, **kwargs):
        self._trouble(fn)
        return await self._database.write(fn, *args, **kwargs)

    async def write_relaxed(self, fn, /, *args, **kwargs):
        self._trouble(fn)
        return await self._database.write_relaxed(fn, *args, **kwargs)

    @property
    def clock(self):
        return self._database.clock

    def listen(self, listener):
        return self._database.listen(listener)

    def _trouble(self, fn: Callable) -> None:
        if self.times and name_of(fn) in self._names:
            self.times -= 1
            raise self._error
        self.calls.append(name_of(fn))


class Memory(Events):
    """Remembers each thing that happened, as (what, details)."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[tuple[str, tuple]] = []

    def told(self, what: str) -> list[tuple]:
        return [details for happened, details in self.happened if happened == what]

    def attempt_ended(self, *details):
        self.happened.append(("attempt_ended", details))

    def ending_refused(self, *details):
        self.happened.append(("ending_refused", details))

    def result_not_kept(self, *details):
        self.happened.append(("result_not_kept", details))

    def handler_ignores_cancellation(self, *details):
        self.happened.append(("handler_ignores_cancellation", details))

    def database_trouble(self, *details):
        self.happened.append(("database_trouble", details))


def troubled(
    deployment: Deployment,
    *names: str,
    times: int,
    error: DatabaseError | None = None,
) -> Deployment:
    """A deployment whose database fails the functions of these names so often."""
    database = TroubledDatabase(deployment.database, names, times, error or DatabaseBusy("held"))
    return replace(deployment, database=database, events=Memory())
