"""Context: what a running handler is given beside its job."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import trio

from runtime.clock import Clock
from runtime.db.base import Database
from runtime.errors import InvalidInput
from runtime.flow import AnyOptions
from runtime.model.composition import ParentResult
from runtime.model.notes import Level
from runtime.model.records import ClaimedJob
from runtime.store import marks
from runtime.store.composition import handed_on
from runtime.surroundings import Services, Surroundings
from runtime.transaction import JobTransaction


class Journal(Protocol):
    """Where an attempt says how it goes: the worker's scribe."""

    def report(self, job: ClaimedJob, fraction: float, message: str) -> None:
        """How far it is."""

    def log(self, job: ClaimedJob, text: str, level: str) -> None:
        """A line of its log."""


class Context(Surroundings):
    """A handler's surroundings for one attempt.

    What it writes with `write` and enqueues with `enqueue` is committed in the
    same transaction as the job's completion: all of it happens or none.

    What it enqueues belongs to this job's workflow, if there is one. With `awaited=True` what depends
    on this job waits for it, too. It has this one's deadline unless it states one; `deadline=None`
    states that it has none.
    """

    __slots__ = ("_job", "_journal")

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
        super().__init__(worker, nursery, database, services, clock, chance)
        self._job = job
        self._journal = journal

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

    def _hand_down(self, options: AnyOptions) -> None:
        if self._job.end_by is not None and not options.keys() & {"deadline", "done_within"}:
            options["deadline"] = self._job.end_by

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
