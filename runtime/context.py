"""Context: what a running handler is given beside its job."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

import trio

from runtime.clock import Clock
from runtime.db.base import Database
from runtime.errors import ConfigurationError, InvalidInput
from runtime.flow import AnyOptions, Chain, FlowOptions, Group, plan
from runtime.job import Job
from runtime.model.composition import ParentResult
from runtime.model.notes import Level
from runtime.model.records import ClaimedJob
from runtime.store import marks
from runtime.store.composition import handed_on
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


class Journal(Protocol):
    """Where an attempt says how it goes: the worker's scribe."""

    def report(self, job: ClaimedJob, fraction: float, message: str) -> None:
        """How far it is."""

    def log(self, job: ClaimedJob, text: str, level: str) -> None:
        """A line of its log."""


class Context:
    """A handler's surroundings for one attempt.

    What it writes with `write` and enqueues with `enqueue` is committed in the
    same transaction as the job's completion: all of it happens or none.
    """

    __slots__ = (
        "_database", "_job", "_journal", "_services", "_writes", "clock", "nursery", "random", "worker",
    )  # fmt: skip

    def __init__(
        self,
        job: ClaimedJob,
        worker: str,
        nursery: trio.Nursery,
        database: Database[JobTransaction],
        services: Services,
        clock: Clock,
        chance: random.Random,
        journal: Journal,
    ) -> None:
        self._job = job
        self._journal = journal
        self._database = database
        self._services = services
        self._writes: list[Callable[[JobTransaction], object]] = []
        self.worker = worker
        """The worker's name."""
        self.nursery = nursery
        """For tasks of this attempt: it waits for them, and they are cancelled with it."""
        self.clock = clock
        self.random = chance
        """Chance, injected: the same seed gives the same run."""

    @property
    def job_id(self) -> int:
        """The job's id, the same in every attempt: a good idempotency key for the outside world."""
        return self._job.id

    @property
    def job_type(self) -> str:
        """The job's type."""
        return self._job.type

    @property
    def attempt(self) -> int:
        """1 for the first attempt; an interrupted or crashed run shares its number with the next."""
        return self._job.attempts + 1

    @property
    def max_attempts(self) -> int:
        """After how many attempts the job fails for good."""
        return self._job.max_attempts

    @property
    def fence(self) -> int:
        """Grows with every claim of the job: hand it to systems that can refuse an older one."""
        return self._job.claims

    @property
    def deadline(self) -> float | None:
        """The moment by which the job must be done, in seconds since 1970 UTC; None: whenever.

        The attempt is cancelled by then, and with it whatever it awaits: `trio.current_effective_deadline()`
        says the same on trio's clock, for what wants a time limit of its own.
        """
        return self._job.end_by

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how far the job is, from 0 to 1, and what it is at: for people who look at it.

        Never waits, and never fails a job: the newest word is written within half a second. From any thread.
        """
        self._journal.report(self._job, fraction, message)

    def log(self, text: str, level: Level = "info") -> None:
        """Write a line into the job's own log, beside the process's: shown with the job, and goes with it.

        Never waits. At most 1,000 characters a line, and 200 lines a job: the newest stay. From any thread.
        """
        self._journal.log(self._job, text, level)

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
        """Run `fn(tx, ...)` in a transaction of its own, now; it stands even if the attempt fails."""
        return await self._database.write(fn, *args, **kwargs)

    def write(
        self, fn: Callable[Concatenate[JobTransaction, P], object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run `fn(tx, ...)` in the transaction that completes the job.

        It does not run when the attempt ends in any other way, nor when this
        worker no longer owns the job. If it raises, the attempt fails with that.
        """
        self._writes.append(lambda tx: fn(tx, *args, **kwargs))

    @overload
    def enqueue(self, job: Job, /, **options: Unpack[EnqueueOptions]) -> None: ...
    @overload
    def enqueue(self, job: Chain | Group, /, **options: Unpack[FlowOptions]) -> None: ...
    def enqueue(self, job: Job | Chain | Group, /, **options: Unpack[AnyOptions]) -> None:
        """Enqueue a job, or a flow, in the transaction that completes this one.

        It belongs to this job's workflow, if there is one. With `awaited=True` what depends on this job
        waits for it, too. It has this one's deadline unless it states one; `deadline=None` states
        that it has none.

        Raises:
            InvalidInput, InvalidPayload: what cannot be stored is refused here, where the handler sees it.
        """
        if self._job.end_by is not None and not options.keys() & {"deadline", "done_within"}:
            options["deadline"] = self._job.end_by
        if isinstance(job, Chain | Group):
            flow, said = job, cast("FlowOptions", options)
            plan(flow, self.now(), **said)
            self._writes.append(lambda tx: tx.store_flow(flow, **said))
            return
        single, told = job, cast("EnqueueOptions", options)
        new_job(single, self.now(), **told)
        self._writes.append(lambda tx: tx.store_job(single, **told))

    async def results(self) -> list[ParentResult]:
        """What the jobs that this one depends on returned, in its order; None of those that returned nothing.

        Values are JSON, as `json.loads` gives them: validate what matters.
        """
        return await self._database.read(handed_on, self._job.id)

    @asynccontextmanager
    async def once(self, key: str) -> AsyncIterator[bool]:
        """Guard a side effect: `async with ctx.once("mail") as first: if first: await send()`.

        True until a block under this key has ended well, in whatever attempt or
        job; that is then recorded, durably. Keys are the application's: make
        them name the effect (`f"confirmation:{order_id}"`). A crash between the
        effect and its record repeats the effect: where the outside world takes
        an idempotency key, give it one too.

        Raises:
            InvalidInput: the key is empty or longer than 255 characters.
        """
        if not 1 <= len(key) <= 255:
            raise InvalidInput("a key of once() has 1 to 255 characters")
        first = not await self._database.read(marks.done, key)
        yield first
        if first:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await self._database.write(marks.mark, key, self._job.id)

    @property
    def writes(self) -> tuple[Callable[[JobTransaction], object], ...]:
        """What waits for the completion."""
        return tuple(self._writes)
