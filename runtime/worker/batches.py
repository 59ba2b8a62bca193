"""One call with many jobs: gathered, run in one cancel scope, ended each by itself.

The scope carries the earliest deadline of its jobs. Whoever stops a call stops it for one of them:
that one times out or is interrupted, and the others are given back, their attempts unused, unless
the handler has said what became of them. An operator's cancel of one job does not stop the call,
which would repeat what it did for the others: it cancels the handler's work on that job (`ctx.item`),
and the job ends as cancelled with the call.
"""

import math
from collections.abc import Sequence

import trio

from runtime.app import Deployment
from runtime.batch import BatchContext, BatchItem
from runtime.handlers import Handler
from runtime.model.outcomes import Completed, Failed, Interrupted, Outcome, TimedOut
from runtime.model.raised import outcome_of
from runtime.model.records import ClaimedJob
from runtime.worker.attempt import Attempt
from runtime.worker.calling import call, kept, without_cancelled
from runtime.worker.finisher import Finisher
from runtime.worker.gathering import Batch
from runtime.worker.pool import Pool
from runtime.worker.scribe import Scribe

LATE = 0.2
"""Seconds beyond its wait after which a job with a rate limit does not start: its token is too old."""
TOO_LATE = Interrupted("no runner became free soon enough to start it within its rate limit")
OUT_OF_TIME = Interrupted("another job of its batch ran out of time")


class ItemAttempt(Attempt):
    """One job's attempt within a call."""

    __slots__ = ("company", "item")

    def __init__(
        self, job: ClaimedJob, scope: trio.CancelScope, began: float, company: "list[ItemAttempt]"
    ) -> None:
        super().__init__(job, scope, began)
        self.company = company
        """All attempts of the call."""
        self.item: BatchItem | None = None

    def cancel(self, verdict: Outcome) -> None:
        """Cancel this one, or with it the call: where the worker leaves, and where nobody else is left."""
        if self.verdict is not None:
            return
        self.verdict = verdict
        self.cancelled_at = trio.current_time()
        if self.item is not None:
            self.item.cancel()
        if isinstance(verdict, Interrupted) or not any(each.goes_on for each in self.company):
            self.scope.cancel()

    @property
    def goes_on(self) -> bool:
        """Whether the call is still wanted for this job."""
        return self.verdict is None and self.mark is None and self.outcome is None

    @property
    def mark(self) -> Outcome | None:
        """What the handler has said of it."""
        return None if self.item is None else self.item.mark

    def void(self) -> None:
        """Forget what the handler has said of it."""
        if self.item is not None:
            self.item.mark = None

    def given_back(self, outcome: Outcome) -> Outcome:
        """How it ends where its handler does not: what was said of it stands.

        Unless it was said to be done and something waits to be stored with that: then it is done anew.
        """
        unstored = isinstance(self.mark, Completed) and self.item is not None and self.item.brings_something
        return outcome if unstored else self.mark or outcome

    def decide(self, called: Outcome | None, now: float, *, stopped: bool) -> None:
        """Decide how it ended.

        Args:
            called: how the call ended; None: by being cancelled.
            stopped: whether its time had run out by then.
        """
        if self.outcome is not None:  # it never started
            return
        if self.mark is not None:
            self.outcome = self.mark
        elif self.verdict is not None:
            self.outcome = self.verdict
        elif stopped:
            detail = called.error if isinstance(called, Failed) else ""
            own = now >= self.deadline
            self.outcome = TimedOut(self.deadline - self.began, detail) if own else OUT_OF_TIME
        else:
            self.outcome = called or Failed("the handler cancelled itself")


class BatchRunner:
    """Runs batches, one at a time; a part of a runner."""

    def __init__(
        self,
        worker: str,
        deployment: Deployment,
        pool: Pool,
        finisher: Finisher,
        scribe: Scribe,
        *,
        timeout: float,
        threads: trio.CapacityLimiter,
    ) -> None:
        self._worker = worker
        self._deployment = deployment
        self._pool = pool
        self._finisher = finisher
        self._scribe = scribe
        self._timeout = timeout
        self._threads = threads

    async def run(self, batch: Batch, guard: trio.CancelScope) -> None:
        """Wait for the batch's company, then run what it has.

        Cancelled by `guard`, by a task that the handler leaked, its jobs have failed; cancelled with
        the worker, they are given back once that is found dead.
        """
        self._pool.took(batch)
        try:
            await batch.company()
            jobs = self._pool.begin(batch)
            if jobs:
                await self._run(batch.handler, jobs, guard)
        finally:
            self._pool.let_go(batch)

    async def _run(self, handler: Handler, jobs: Sequence[ClaimedJob], guard: trio.CancelScope) -> None:
        attempts: list[ItemAttempt] = []
        context: BatchContext | None = None
        called: Outcome | None = None
        try:
            async with trio.open_nursery() as nursery:
                self._start(handler, jobs, nursery.cancel_scope, attempts)
                context = self._context(handler, attempts, nursery)
                called = await self._call(handler, attempts, context)
        except (trio.Cancelled, BaseExceptionGroup) as error:  # noqa: ASYNC103 - raised below, unless a child failed
            failure = without_cancelled(error)
            if failure is None:
                if guard.cancel_called:
                    self._end(attempts, context, Failed("a task that the handler leaked has failed"))
                raise
            # A task that the handler started has failed, and the nursery has cancelled the rest.
            called = outcome_of(failure)
        self._end(attempts, context, called)

    def _start(
        self,
        handler: Handler,
        jobs: Sequence[ClaimedJob],
        scope: trio.CancelScope,
        attempts: list[ItemAttempt],
    ) -> None:
        began, now = trio.current_time(), self._deployment.clock.now()
        seconds = handler.timeout or self._timeout
        for job in jobs:
            attempt = ItemAttempt(job, scope, began, attempts)
            left = seconds if job.end_by is None else min(seconds, max(0.0, job.end_by - now))
            attempt.deadline = began + left
            attempt.reported = bool(attempts)  # of a stubborn call one job is reported
            attempts.append(attempt)
        self._pool.started_together(attempts)

    def _context(
        self, handler: Handler, attempts: Sequence[ItemAttempt], nursery: trio.Nursery
    ) -> BatchContext:
        """Read the payloads; one that does not fit, or comes too late, ends here and now."""
        deployment, oldest = self._deployment, self._oldest(handler)
        for attempt in attempts:
            if attempt.job.locked_at < oldest:
                attempt.outcome = TOO_LATE
            if attempt.deadline <= attempt.began:
                attempt.outcome = TimedOut(0.0)
            if attempt.outcome is not None:
                continue
            try:
                job = handler.model.parse(attempt.job.payload)
            except Exception as error:  # noqa: BLE001 - the application's validators may raise anything
                attempt.outcome = outcome_of(error)
            else:
                attempt.item = BatchItem(job, attempt.job)
        return BatchContext(
            [attempt.item for attempt in attempts if attempt.item is not None],
            self._worker,
            nursery,
            deployment.database,
            deployment.services,
            deployment.clock,
            deployment.random,
            self._scribe,
        )

    def _oldest(self, handler: Handler) -> float:
        """When jobs that may start now were claimed at the earliest."""
        if handler.type not in self._pool.limited or handler.batching is None:
            return -math.inf
        return self._deployment.clock.now() - handler.batching.wait - LATE

    async def _call(
        self, handler: Handler, attempts: Sequence[ItemAttempt], context: BatchContext
    ) -> Outcome:
        """Call the handler; its ending becomes a value here."""
        started = [attempt for attempt in attempts if attempt.item is not None]
        if not started:
            return Completed()
        started[0].scope.deadline = min(attempt.deadline for attempt in started)
        jobs = [attempt.item.job for attempt in started if attempt.item is not None]
        arguments = (jobs, context) if handler.takes_context else (jobs,)
        try:
            await call(handler, arguments, self._deployment.inline, self._threads)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit of a handler is its jobs' failure, not ours
            return outcome_of(error)
        return Completed()

    def _end(
        self, attempts: Sequence[ItemAttempt], context: BatchContext | None, called: Outcome | None
    ) -> None:
        now, cancelled = trio.current_time(), attempts[0].scope.cancel_called
        deadlines = (attempt.deadline for attempt in attempts if attempt.item is not None)
        stopped = cancelled and now >= min(deadlines, default=math.inf)
        writes = () if context is None else context.writes
        together = isinstance(called, Completed) and not cancelled
        for attempt in attempts:
            if writes and not together and isinstance(attempt.mark, Completed):
                attempt.void()
            attempt.decide(called, now, stopped=stopped)
            self._keep(attempt)
        self._finisher.put_together(attempts, now, writes if together else ())

    def _keep(self, attempt: ItemAttempt) -> None:
        """What goes into the completion of this job alone."""
        item = attempt.item
        if item is None or not isinstance(attempt.outcome, Completed):
            return
        if item.context is not None:
            attempt.writes = item.context.writes
        if item.result is not None:
            attempt.result = kept(self._deployment, self._scribe, attempt.job, item.result)
