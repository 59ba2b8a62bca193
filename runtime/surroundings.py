"""Surroundings: what every handler is given, of one job or of many."""

import random
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, TypeVar, Unpack, cast, overload

import trio

from runtime.clock import Clock
from runtime.db.base import Database
from runtime.errors import ConfigurationError
from runtime.flow import AnyOptions, Chain, FlowOptions, Group, plan
from runtime.job import Job
from runtime.transaction import EnqueueOptions, JobTransaction, new_job

R = TypeVar("R")
S = TypeVar("S")
P = ParamSpec("P")

Services = Mapping[type, object]


def find_service(services: Services, kind: type[S]) -> S:
    """The service of that class.

    Raises:
        ConfigurationError: the application opened none.
    """
    if kind in services:
        return cast("S", services[kind])
    for service in services.values():
        if isinstance(service, kind):
            return service
    raise ConfigurationError(f"the application opened no service of class {kind.__name__}")


class Surroundings:
    """Time, chance, services and the database; and what waits to be written with the completion."""

    __slots__ = ("_database", "_services", "_writes", "clock", "nursery", "random", "worker")

    def __init__(
        self,
        worker: str,
        nursery: trio.Nursery,
        database: Database[JobTransaction],
        services: Services,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._database = database
        self._services = services
        self._writes: list[Callable[[JobTransaction], object]] = []
        self.worker = worker
        """The worker's name."""
        self.nursery = nursery
        """For tasks of the handler: it waits for them, and they are cancelled with it."""
        self.clock = clock
        self.random = chance
        """Chance, injected: the same seed gives the same run."""

    def now(self) -> float:
        """Wall time, in seconds since 1970 UTC."""
        return self.clock.now()

    def service(self, kind: type[S]) -> S:
        """The application's service of that class.

        Raises:
            ConfigurationError: it opened none.
        """
        return find_service(self._services, kind)

    async def read(
        self, fn: Callable[Concatenate[JobTransaction, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `fn(tx, ...)` on a snapshot, now."""
        return await self._database.read(fn, *args, **kwargs)

    async def write_now(
        self, fn: Callable[Concatenate[JobTransaction, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `fn(tx, ...)` in a transaction of its own, now; it stands whatever becomes of the attempt."""
        return await self._database.write(fn, *args, **kwargs)

    def write(
        self, fn: Callable[Concatenate[JobTransaction, P], object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run `fn(tx, ...)` in the transaction that completes the job, or the jobs of a batch.

        It does not run when the attempt ends in any other way, nor when this
        worker no longer owns the job. If it raises, the attempt fails with that.
        """
        self._writes.append(lambda tx: fn(tx, *args, **kwargs))

    @overload
    def enqueue(self, job: Job, /, **options: Unpack[EnqueueOptions]) -> None: ...
    @overload
    def enqueue(self, job: Chain | Group, /, **options: Unpack[FlowOptions]) -> None: ...
    def enqueue(self, job: Job | Chain | Group, /, **options: Unpack[AnyOptions]) -> None:
        """Enqueue a job, or a flow, as `write` writes.

        Raises:
            InvalidInput, InvalidPayload: what cannot be stored is refused here, where the handler sees it.
        """
        self._hand_down(options)
        if isinstance(job, Chain | Group):
            flow, said = job, cast("FlowOptions", options)
            plan(flow, self.now(), **said)
            self._writes.append(lambda tx: tx.store_flow(flow, **said))
            return
        single, told = job, cast("EnqueueOptions", options)
        new_job(single, self.now(), **told)
        self._writes.append(lambda tx: tx.store_job(single, **told))

    def _hand_down(self, options: AnyOptions) -> None:
        """Add to the options of a new job what it has from whoever enqueues it."""

    @property
    def writes(self) -> tuple[Callable[[JobTransaction], object], ...]:
        """What waits for the completion."""
        return tuple(self._writes)
