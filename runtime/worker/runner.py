"""Runner: one attempt in one cancel scope. WHERE DOES A JOB RUN? IS HERE.

A runner is a task that runs one job after another. Each attempt has a nursery
whose cancel scope carries its deadline: when it fires, the handler and every
task it started are cancelled and their cleanup is awaited. An attempt that left
the nursery untouched hands it on to the next: opening one costs 27 µs, which
would be most of what a small job costs. No nursery ever holds tasks of two jobs.

Every ending becomes a value, at one `except` line.
"""

import math

import trio

from runtime.app import Deployment
from runtime.context import Context
from runtime.model.outcomes import Completed, Failed, Interrupted
from runtime.model.raised import outcome_of
from runtime.model.records import ClaimedJob
from runtime.worker.attempt import Attempt
from runtime.worker.batches import BatchRunner
from runtime.worker.calling import call, kept, without_cancelled
from runtime.worker.finisher import Finisher
from runtime.worker.gathering import Batch, Work
from runtime.worker.pool import Pool
from runtime.worker.scribe import Scribe

TURN = 0.001
"""Seconds that jobs which never wait may run in a row before others get their turn."""
LATE = 0.2
"""Seconds from its claim, and so from its token, after which a job with a rate limit does not start."""
SLACK = 0.001
"""How late a deadline may be, as a share of its seconds, where jobs follow each other without a wait."""


class Runner:
    """Runs jobs from the pool, one at a time, until the pool is closed."""

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
        self._handlers = deployment.app.handlers
        self._batches = BatchRunner(
            worker, deployment, pool, finisher, scribe, timeout=timeout, threads=threads
        )
        self._now = 0.0
        """When the last attempt ended, or the runner was woken: asking for the time costs, too."""
        self._turn_ends = -math.inf
        self._deadline = math.inf
        """Of the scope in use."""

    async def run(self) -> None:
        """Run jobs until the pool is closed.

        Cancelled, it drops what it runs: the job is given back once this worker is found dead.
        """
        while not self._pool.closed:
            # A handler that starts tasks in its own task's parent nursery reaches this one, not
            # the worker's: what such a task raises ends this turn, and `_serve` has recorded it.
            try:
                async with trio.open_nursery() as guard:
                    guard.start_soon(self._serve, guard)
            except BaseExceptionGroup as group:
                cancelled, _ = group.split(trio.Cancelled)
                if cancelled is not None:
                    raise cancelled from None

    async def _serve(self, guard: trio.Nursery) -> None:
        more = True
        while more:
            more = await self._run_until_spent(guard)
            if len(guard.child_tasks) > 1:
                self._deployment.events.tasks_leaked(len(guard.child_tasks) - 1)
                guard.cancel_scope.cancel()

    async def _run_until_spent(self, guard: trio.Nursery) -> bool:
        """Run jobs in one nursery until one of them has used it; False when the pool is closed."""
        attempt: Attempt | None = None
        spent = False
        try:
            async with trio.open_nursery() as nursery:
                self._deadline = math.inf
                while (job := await self._next(nursery.cancel_scope)) is not None:
                    if isinstance(job, Batch):
                        nursery.cancel_scope.deadline = math.inf  # it has scopes of its own
                        await self._batches.run(job, guard.cancel_scope)
                        self._now = trio.current_time()
                        spent = True
                        break
                    attempt = Attempt(job, nursery.cancel_scope, self._now)
                    self._pool.started(attempt)
                    await self._call(attempt, nursery)
                    self._now = trio.current_time()
                    if (
                        nursery.child_tasks
                        or nursery.cancel_scope.cancel_called
                        or len(guard.child_tasks) > 1
                    ):
                        break  # leaving the nursery waits for its tasks, within the same deadline
                    self._finisher.put(attempt, self._now)
                    attempt = None
        except (trio.Cancelled, BaseExceptionGroup) as error:  # noqa: ASYNC103 - raised below, unless a child failed
            failure = without_cancelled(error)
            if attempt is None:
                raise
            if failure is None:  # cancelled from outside: by a task that leaked, or with the worker
                if guard.cancel_scope.cancel_called:
                    attempt.outcome = Failed("a task that the handler leaked has failed")
                    self._put(attempt)
                raise
            # A task that the handler started has failed, and the nursery has cancelled the rest.
            attempt.outcome = outcome_of(failure)
        if attempt is None:
            return spent
        self._put(attempt)
        return True

    def _put(self, attempt: Attempt) -> None:
        """End an attempt that was cancelled or left something behind."""
        self._now = trio.current_time()
        attempt.judge(self._now)
        self._finisher.put(attempt, self._now)

    async def _next(self, scope: trio.CancelScope) -> Work | None:
        """The next job or batch; a runner whose jobs never wait lets others have their turn in between."""
        if self._now > self._turn_ends:
            await trio.lowlevel.checkpoint()
            self._now = trio.current_time()
            self._turn_ends = self._now + TURN
        if not self._pool.starved:
            return await self._pool.next()
        scope.deadline = self._deadline = math.inf
        job = await self._pool.next()
        self._now = trio.current_time()
        return job

    async def _call(self, attempt: Attempt, nursery: trio.Nursery) -> None:
        """Call the handler; its ending becomes a value here."""
        if attempt.job.type in self._pool.limited and self._is_late(attempt.job):
            attempt.outcome = Interrupted(
                "no runner became free soon enough to start it within its rate limit"
            )
            return
        handler = self._handlers[attempt.job.type]
        seconds = handler.timeout or self._timeout
        if attempt.job.end_by is not None:
            seconds = min(seconds, max(0.0, attempt.job.end_by - self._deployment.clock.now()))
        self._limit(attempt, seconds)
        context = self._context(attempt.job, nursery)
        try:
            payload = handler.model.parse(attempt.job.payload)
            arguments = (payload, context) if handler.takes_context else (payload,)
            returned = await call(handler, arguments, self._deployment.inline, self._threads)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit of a handler is the job's failure, not ours
            attempt.outcome = outcome_of(error)
        else:
            attempt.outcome = Completed()
            attempt.writes = context.writes
            if returned is not None:
                attempt.result = kept(self._deployment, self._scribe, attempt.job, returned)

    def _is_late(self, job: ClaimedJob) -> bool:
        return self._deployment.clock.now() - job.locked_at > LATE

    def _limit(self, attempt: Attempt, seconds: float) -> None:
        """Give the scope its deadline.

        Setting one costs 4 µs, so jobs that follow each other without a wait share one that is right
        for all of them within the slack; never early.
        """
        exact = attempt.deadline = attempt.began + seconds
        latest = exact + seconds * SLACK
        if not exact <= self._deadline <= latest:
            self._deadline = attempt.scope.deadline = exact if self._deadline == math.inf else latest

    def _context(self, job: ClaimedJob, nursery: trio.Nursery) -> Context:
        deployment = self._deployment
        return Context(
            job,
            self._worker,
            nursery,
            deployment.database,
            deployment.services,
            deployment.clock,
            deployment.random,
            self._scribe,
        )
