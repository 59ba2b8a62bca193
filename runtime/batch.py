"""BatchContext: what a handler of many jobs at once is given beside them.

    @app.batch_handler(size=100, wait=2)
    async def send_newsletters(jobs: Sequence[SendNewsletter], ctx: BatchContext) -> None:
        async with connection() as mail:
            for job in jobs:
                with ctx.item(job):  # what it raises fails this one alone
                    await mail.send(job.to)

Each job has an ending of its own. What the handler says of one stands, however the call ends; the
others complete when it returns, fail with what it raises, and time out with it. The call ends by the
earliest deadline of its jobs; those that had more time are given back, their attempts unused, as all
are when the worker stops. An operator's cancel of one job cancels what runs in its `ctx.item`, and
the job ends as cancelled with the call: stopping that would repeat what it did for the others.
"""

import random
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Protocol, TypeVar, overload

import trio

from runtime.clock import Clock
from runtime.context import Context, Journal
from runtime.db.base import Database
from runtime.errors import InvalidInput
from runtime.job import Job
from runtime.model.outcomes import (
    Cancelled,
    Completed,
    Failed,
    Outcome,
    Snoozed,
    describe_error,
    safe_text,
)
from runtime.model.raised import outcome_of
from runtime.model.records import ClaimedJob
from runtime.surroundings import Services, Surroundings
from runtime.transaction import JobTransaction

R = TypeVar("R")
JobT = TypeVar("JobT", bound=Job)


class BatchItem:
    """A job of a batch while the call runs: between the handler, who marks it, and the worker."""

    __slots__ = ("_cancelled", "_scopes", "claimed", "context", "job", "mark", "result", "shared")

    def __init__(self, job: Job, claimed: ClaimedJob) -> None:
        self.job = job
        self.claimed = claimed
        self.context: Context | None = None
        """Its own, once somebody asked for it."""
        self.mark: Outcome | None = None
        """What the handler said of it."""
        self.result: object = None
        self.shared: Sequence[object] = ()
        """What is to be written with all jobs of its batch."""
        self._cancelled = False
        self._scopes: tuple[trio.CancelScope, ...] = ()

    @property
    def brings_something(self) -> bool:
        """Whether something is to be stored with its completion."""
        own = () if self.context is None else self.context.writes
        return bool(self.shared or own) or self.result is not None

    @property
    def cancelled(self) -> bool:
        """Whether an operator wants it cancelled."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancel what runs for this job alone."""
        self._cancelled = True
        for scope in self._scopes:
            scope.cancel()

    @contextmanager
    def scope(self) -> Iterator[trio.CancelScope]:
        """A scope that is cancelled with the job."""
        with trio.CancelScope() as scope:
            self._scopes += (scope,)
            if self._cancelled:
                scope.cancel()
            try:
                yield scope
            finally:
                self._scopes = tuple(other for other in self._scopes if other is not scope)


class BatchContext(Surroundings):
    """A handler's surroundings for one call with many jobs.

    Each of them has a `Context` of its own (`of`, `item`): its id, its attempt, its deadline, its
    progress and log, and what is written or enqueued with *its* completion.

    What `write` is given here runs in one transaction with the completion of all jobs that complete:
    all of it happens or none. Should one of them belong to another worker by now, nothing is written
    and the others are given back, without using up an attempt; if it raises, they fail with that. It
    does not run when no job completes, or the call ends in any other way than by returning; and then
    nothing that was marked as complete counts as that. It may ask whether a job was cancelled
    meanwhile: nobody is any more while it runs. What `enqueue` is given belongs to no one job's
    workflow or deadline; what follows from one job is better enqueued by that: `ctx.of(job).enqueue`.
    """

    __slots__ = ("_items", "_journal")

    def __init__(
        self,
        items: Sequence[BatchItem],
        worker: str,
        nursery: trio.Nursery,
        database: Database[JobTransaction],
        services: Services,
        clock: Clock,
        chance: random.Random,
        journal: Journal,
    ) -> None:
        super().__init__(worker, nursery, database, services, clock, chance)
        self._journal = journal
        # By identity: two jobs may carry the same.
        self._items = {id(item.job): item for item in items}
        for item in items:
            item.shared = self._writes

    def of(self, job: Job) -> Context:
        """The context of one job: its id and attempt, its progress and log, its own `write` and `enqueue`.

        What it writes and enqueues is committed in the transaction that completes this job alone.

        Raises:
            InvalidInput: it is not one of this batch, but perhaps a copy.
        """
        item = self._item(job)
        if item.context is None:
            item.context = Context(
                item.claimed,
                self.worker,
                self.nursery,
                self._database,
                self._services,
                self.clock,
                self.random,
                self._journal,
            )
        return item.context

    @contextmanager
    def item(self, job: Job) -> Iterator[Context]:
        """Work on one job: it completes when the block ends, and what the block raises is its failure alone.

        `Discard`, `Snooze` and `Cancel` are understood. An operator's cancel of this job cancels the
        block and nothing else; everything that ends the whole call passes through.

        Raises:
            InvalidInput: the job is not one of this batch.
        """
        item = self._item(job)
        try:
            # A thread has no task that a scope could cancel.
            with item.scope() if trio.lowlevel.in_trio_task() else nullcontext():
                yield self.of(job)
        except Exception as error:  # noqa: BLE001 - whatever the application raises is this job's ending
            item.mark = outcome_of(error)
        else:
            if item.mark is None and not item.cancelled:
                item.mark = Completed()

    def cancelled(self, job: Job) -> bool:
        """Whether an operator wants this job cancelled: it ends so, unless something else is said of it."""
        return self._item(job).cancelled

    def complete(self, job: Job, result: object = None) -> None:
        """This job is done, whatever becomes of the call; `result` is kept as what handlers return is."""
        item = self._item(job)
        item.mark, item.result = Completed(), result

    def fail(self, job: Job, error: BaseException | str) -> None:
        """This attempt has failed; the job is tried again in another batch, if it has attempts left."""
        text = safe_text(error) if isinstance(error, str) else describe_error(error)
        self._item(job).mark = Failed(text)

    def discard(self, job: Job, reason: str) -> None:
        """Give up on this job: it goes to the dead letters at once."""
        self._item(job).mark = Failed(safe_text(reason), final=True)

    def snooze(self, job: Job, delay: float, reason: str = "") -> None:
        """Run this job again after `delay` seconds, without using up an attempt."""
        self._item(job).mark = Snoozed(delay, safe_text(reason) or f"snoozed for {delay:g} s")

    def cancel(self, job: Job, reason: str = "") -> None:
        """End this job as cancelled."""
        self._item(job).mark = Cancelled(safe_text(reason) or "by its handler")

    def _item(self, job: Job) -> BatchItem:
        item = self._items.get(id(job))
        if item is None:
            raise InvalidInput("this job is not one of the batch, but perhaps a copy of one")
        return item


class BatchRegistrar(Protocol):
    """The decorator of a function that takes many jobs: a `list`, or a `Sequence`, of one model."""

    @overload
    def __call__(
        self, function: Callable[[list[JobT], BatchContext], R], /
    ) -> Callable[[list[JobT], BatchContext], R]: ...
    @overload
    def __call__(self, function: Callable[[list[JobT]], R], /) -> Callable[[list[JobT]], R]: ...


def element_of(annotation: object) -> object:
    """What a list or a sequence is annotated to hold; None of anything else."""
    if typing.get_origin(annotation) not in {list, Sequence}:
        return None
    return next(iter(typing.get_args(annotation)), None)
