"""Pool: the claimed jobs of a worker, between the dispatcher and the runners.

It knows what waits, what runs and how much more is wanted; it decides nothing.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence

import trio

from runtime.model.lifecycle import runs_alone
from runtime.model.notes import Notes
from runtime.model.outcomes import Failed, Outcome, TimedOut
from runtime.model.records import ClaimedJob
from runtime.transaction import JobTransaction
from runtime.worker.wakeup import Wakeup

PREFETCH_HORIZON = 0.02
"""Claim what the runners, at their present speed, will start within so many seconds, beyond the free ones.

Short jobs then come in batches, a commit each; behind a long job nothing waits
that an idle worker elsewhere could run.
"""


MOST_AHEAD = 4
"""However fast they are, no more than so many for each runner."""


class Attempt:
    """One attempt, while it runs and until its ending is written."""

    __slots__ = (
        "began",
        "cancelled_at",
        "deadline",
        "ended",
        "job",
        "notes",
        "outcome",
        "reported",
        "result",
        "scope",
        "task",
        "verdict",
        "writes",
    )

    def __init__(self, job: ClaimedJob, scope: trio.CancelScope, began: float) -> None:
        self.job = job
        self.scope = scope
        self.began = began
        """On trio's clock, like the deadline."""
        self.deadline = math.inf
        self.ended = math.inf
        self.cancelled_at = math.inf
        self.task = trio.lowlevel.current_task()
        self.outcome: Outcome | None = None
        """How the handler itself ended; once judged, how the attempt did."""
        self.verdict: Outcome | None = None
        """Why it was cancelled, if not by its deadline."""
        self.writes: Sequence[Callable[[JobTransaction], object]] = ()
        """What goes into the transaction that completes the job."""
        self.result: str | None = None
        """What the handler returned, as JSON text."""
        self.notes: Notes | None = None
        """What it said that is not written yet, once it has ended."""
        self.reported = False
        """Whether it was reported for ignoring its cancellation."""

    def cancel(self, verdict: Outcome) -> None:
        """Cancel the handler and everything inside it; the first reason stands."""
        if self.verdict is None and not self.scope.cancel_called:
            self.verdict = verdict
            self.cancelled_at = trio.current_time()
            self.scope.cancel()

    def judge(self, now: float) -> None:
        """Decide how the attempt ended, if it may have been cancelled.

        By whether it was, not by whether the handler noticed: one that swallows its
        cancellation and returns has timed out all the same.
        """
        if self.verdict is not None:
            self.outcome = self.verdict
        elif self.scope.cancel_called and now >= self.deadline:
            detail = self.outcome.error if isinstance(self.outcome, Failed) else ""
            self.outcome = TimedOut(self.deadline - self.began, detail)
        elif self.outcome is None:
            self.outcome = Failed("the handler cancelled itself")


class Pool:
    """Claimed jobs, and the runners that wait for them."""

    def __init__(self, runners: int) -> None:
        self._runners = runners
        self._waiting: deque[ClaimedJob] = deque()
        self._idle = trio.lowlevel.ParkingLot()
        # By job and claim: a job given back behind our back may come again before its first attempt has gone.
        self._running: dict[tuple[int, int], Attempt] = {}
        self._suspect: ClaimedJob | None = None
        self._isolating = False
        self._closed = False
        self._waking = False
        self._ended = 0
        self._unwritten = 0
        self._measured = (0, 0.0)
        self._prefetch = 0
        self.limited: frozenset[str] = frozenset()
        """Types with a rate limit."""
        self.changed = Wakeup()
        """For the dispatcher: a runner became free, or an ending is written."""
        self.more = Wakeup()
        """For the dispatcher: there may be more to claim."""
        self.idle = Wakeup()
        """For whoever waits for the end of the work: nothing was left to claim, or nothing is held."""

    # The dispatcher's side

    def free(self) -> int:
        """How many jobs would start at once."""
        return max(0, self._runners - len(self._running) - len(self._waiting))

    def below(self, priority: int) -> int:
        """How many of the jobs that are here have less than this priority."""
        running = (attempt.job for attempt in self._running.values())
        suspect = (self._suspect,) if self._suspect is not None else ()
        return sum(job.priority < priority for job in (*running, *self._waiting, *suspect))

    def wanted(self) -> int:
        """How many jobs to claim: for the free runners, and a few that will be started in a moment."""
        if self._isolating:
            return 0
        if not self.free() and len(self._waiting) > self._prefetch // 2:
            return 0  # enough for now: two large claims cost less than ten small ones
        held = len(self._running) + len(self._waiting)
        # A database that cannot take endings must not be asked for ever more jobs.
        unwritten = 2 * (self._runners + self._prefetch) + 16 - self._unwritten - held
        return 0 if self._closed else max(0, min(self._runners + self._prefetch - held, unwritten))

    def measure(self, now: float) -> None:
        """Adapt the prefetch to how fast jobs have ended since the last time."""
        ended, since = self._measured
        if now > since:
            speed = (self._ended - ended) / (now - since)
            self._prefetch = min(MOST_AHEAD * self._runners, int(speed * PREFETCH_HORIZON))
            self._measured = (self._ended, now)

    def give(self, jobs: Sequence[ClaimedJob]) -> None:
        """Hand claimed jobs to the runners; one that runs alone (a claim brings no second) starts last."""
        self._waiting.extend(jobs)
        for job in jobs:
            if job.crashes and runs_alone(job):
                self._waiting.remove(job)
                self._suspect, self._isolating = job, True
                self._isolate()
        self._wake_one()

    def _isolate(self) -> None:
        """Start the job that runs alone once nothing else is held, also in the database."""
        if self._suspect is not None and not (self._running or self._waiting or self._unwritten):
            self._waiting.append(self._suspect)
            self._suspect = None
            self._wake_one()

    def close(self) -> list[ClaimedJob]:
        """Let every runner end after its job; return what was claimed and not started."""
        self._closed = True
        unstarted = [*self._waiting, *([self._suspect] if self._suspect else [])]
        self._waiting.clear()
        self._suspect = None
        self._idle.unpark_all()
        return unstarted

    def withdraw(self, job_id: int, claims: int) -> ClaimedJob | None:
        """The job that waits to run alone, if it is this one; it will not start."""
        suspect = self._suspect
        if suspect is None or (suspect.id, suspect.claims) != (job_id, claims):
            return None
        self._suspect, self._isolating = None, False
        self.changed.set()
        return suspect

    def forget_waiting(self) -> None:
        """Start nothing of what was claimed: it is others' by now."""
        self._waiting.clear()
        self._suspect, self._isolating = None, False
        self.changed.set()

    # The runners' side

    async def next(self) -> ClaimedJob | None:
        """The next job to run; None when the pool is closed."""
        while not self._waiting:
            if self._closed:
                return None
            await self._idle.park()
            self._waking = False
        job = self._waiting.popleft()
        if self._waiting:
            self._wake_one()
        return job

    def _wake_one(self) -> None:
        """Wake one runner, and let it wake the next.

        One whose handler never waits takes job after job in the same turn, and
        the one woken beside it finds nothing: two task switches for a whole
        batch, where waking a runner for each job would cost one for each.
        """
        if not self._waking and self._idle:
            self._waking = True
            self._idle.unpark()

    def started(self, attempt: Attempt) -> None:
        """An attempt runs."""
        self._running[attempt.job.id, attempt.job.claims] = attempt

    def ended(self, attempt: Attempt) -> None:
        """An attempt has ended; its runner is free."""
        del self._running[attempt.job.id, attempt.job.claims]
        if self._isolating and runs_alone(attempt.job):
            self._isolating = False
        self._ended += 1
        self._unwritten += 1
        self.changed.set()

    def written(self, endings: int) -> None:
        """So many endings are in the database."""
        self._unwritten -= endings
        self._isolate()
        self.changed.set()
        if self.quiet:
            self.idle.set()

    # Everybody's

    @property
    def closed(self) -> bool:
        """Whether no more jobs are handed out."""
        return self._closed

    @property
    def running(self) -> Sequence[Attempt]:
        """The attempts that run now."""
        return tuple(self._running.values())

    @property
    def starved(self) -> bool:
        """Whether no claimed job waits for a runner."""
        return not self._waiting

    @property
    def quiet(self) -> bool:
        """Whether nothing waits, runs, or has ended without that being written."""
        return not (self._running or self._waiting or self._unwritten or self._suspect)

    def find(self, job_id: int, claims: int) -> Attempt | None:
        """The running attempt of a job's claim."""
        return self._running.get((job_id, claims))

    def cancel_all(self, verdict: Outcome) -> None:
        """Cancel every running attempt."""
        for attempt in self.running:
            attempt.cancel(verdict)
