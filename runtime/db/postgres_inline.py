"""PostgreSQL on the trio thread, for virtual time: a clock that jumps while a thread works is of no use."""

import random
from collections.abc import Callable
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

import trio

from runtime.clock import Clock
from runtime.db.announcer import Announcer
from runtime.db.base import Database, Listener, Statements, Transaction
from runtime.db.doorbell import silent
from runtime.db.lane import Request
from runtime.db.location import PostgresLocation
from runtime.db.postgres_commit import PostgresGroup
from runtime.db.postgres_connection import Link
from runtime.db.postgres_herald import LocalHerald
from runtime.db.postgres_manners import APPLICATION, QUEUE, SNAPSHOT

R = TypeVar("R")
P = ParamSpec("P")
TransactionT = TypeVar("TransactionT", bound=Transaction)


class InlinePostgres(Database[TransactionT], Generic[TransactionT]):
    """Everything on the trio thread and by the injected clock, for virtual time."""

    def __init__(
        self,
        link: Link,
        location: PostgresLocation,
        make: Callable[[Statements, float], TransactionT],
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._clock = clock
        self._announcer = Announcer(silent)
        herald = LocalHerald(self._announcer.heard)
        self._reads, self._writes, self._relaxed = (
            PostgresGroup(link, location, manner, make, herald, clock, None, chance)
            for manner in (SNAPSHOT, APPLICATION, QUEUE)
        )

    @property
    def clock(self) -> Clock:
        """The injected one."""
        return self._clock

    async def read(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.read`."""
        return cast("R", await self._run(self._reads, lambda tx: fn(tx, *args, **kwargs)))

    async def write(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write`."""
        return cast("R", await self._run(self._writes, lambda tx: fn(tx, *args, **kwargs)))

    async def write_relaxed(
        self, fn: Callable[Concatenate[TransactionT, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Database.write_relaxed`."""
        return cast("R", await self._run(self._relaxed, lambda tx: fn(tx, *args, **kwargs)))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """See `Database.listen`; there are no other processes."""
        return self._announcer.listen(listener)

    async def _run(self, group: PostgresGroup[TransactionT], fn: Callable[[TransactionT], object]) -> object:
        await trio.lowlevel.checkpoint()
        request = Request(fn, durable=True, deadline=self._clock.monotonic())
        group([request])
        return request.result()
