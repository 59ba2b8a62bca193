"""Runner: one attempt in one cancel scope. WHERE DOES A JOB RUN? IS HERE.

A runner is a task that runs one job after another. Each attempt has a nursery
whose cancel scope carries its deadline: when it fires, the handler and every
task it started are cancelled and their cleanup is awaited. An attempt that left
the nursery untouched hands it on to the next: opening one costs 27 µs, which
would be most of what a small job costs. No nursery ever holds tasks of two jobs.

Every ending becomes a value, at one `except` line.
"""

import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import trio

from runtime.app import Deployment
from runtime.context import Context
from runtime.errors import Cancel, Discard, InvalidPayload, Snooze
from runtime.handlers import Handler, Place
from runtime.job import Job
from runtime.model.outcomes import Cancelled, Completed, Failed, Interrupted, Outcome, Snoozed, describe_error
from runtime.model.records import ClaimedJob
from runtime.model.returned import result_text
from runtime.worker.cpu import run_in_process
from runtime.worker.finisher import Finisher
from runtime.worker.pool import Attempt, Pool
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
        try:
            async with trio.open_nursery() as nursery:
                self._deadline = math.inf
                while (job := await self._next(nursery.cancel_scope)) is not None:
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
            failure = _without_cancelled(error)
            if attempt is None:
                raise
            if failure is None:  # cancelled from outside: by a task that leaked, or with the worker
                if guard.cancel_scope.cancel_called:
                    attempt.outcome = Failed("a task that the handler leaked has failed")
                    self._put(attempt)
                raise
            # A task that the handler started has failed, and the nursery has cancelled the rest.
            attempt.outcome = _of_error(failure)
        if attempt is None:
            return False
        self._put(attempt)
        return True

    def _put(self, attempt: Attempt) -> None:
        """End an attempt that was cancelled or left something behind."""
        self._now = trio.current_time()
        attempt.judge(self._now)
        self._finisher.put(attempt, self._now)

    async def _next(self, scope: trio.CancelScope) -> ClaimedJob | None:
        """The next job; a runner whose jobs never wait lets others have their turn in between."""
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
            returned = await self._invoke(handler, handler.model.parse(attempt.job.payload), context)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit of a handler is the job's failure, not ours
            attempt.outcome = _of_error(error)
        else:
            attempt.outcome = Completed()
            attempt.writes = context.writes
            if returned is not None:
                attempt.result = self._kept(attempt.job, returned)

    def _kept(self, job: ClaimedJob, returned: object) -> str | None:
        """What the handler returned, as it is stored; what cannot be kept fails nothing, and is told."""
        try:
            return result_text(returned)
        except ValueError as error:
            self._scribe.log(job, f"the result is not kept: {error}", "warning")
            self._deployment.events.result_not_kept(job, str(error))
            return None

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

    def _invoke(self, handler: Handler, job: Job, context: Context) -> Awaitable[object]:
        arguments = (job, context) if handler.takes_context else (job,)
        if handler.place is Place.NURSERY:
            return cast("Callable[..., Awaitable[object]]", handler.function)(*arguments)
        call = partial(handler.function, *arguments)
        if self._deployment.inline:
            return _at_once(call)
        if handler.place is Place.THREAD:
            # Abandoned on cancellation: the attempt ends in time, the thread goes on until its function
            # returns, and holds its place in the limiter. Whoever must be stoppable is async or cpu=True.
            return trio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._threads)
        return run_in_process(handler.function, job)

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


async def _at_once(call: Callable[[], object]) -> object:  # noqa: ASYNC124 - in the place of a thread
    """Call a plain function on the trio thread: virtual time jumps while a thread works."""
    return call()


def _without_cancelled(error: BaseException) -> BaseException | None:
    if isinstance(error, BaseExceptionGroup):
        return error.split(trio.Cancelled)[1]
    return None


def _of_error(error: BaseException) -> Outcome:
    """What an exception says about its attempt."""
    match error:
        case Snooze():
            return Snoozed(error.delay, str(error))
        case Discard():
            return Failed(describe_error(error), final=True)
        case InvalidPayload():
            return Failed(f"the payload does not fit {error}", final=True)
        case Cancel():
            return Cancelled(str(error) or "by its handler")
        case BaseExceptionGroup(exceptions=[only]):
            return _of_error(only)
        case _:
            return Failed(describe_error(error))
