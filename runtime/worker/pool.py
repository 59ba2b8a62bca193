"""Pool: the claimed jobs of a worker, between the dispatcher and the runners.

It knows what waits, what runs and how much more is wanted; it decides nothing.
"""

from collections import deque
from collections.abc import Sequence

import trio

from runtime.model.lifecycle import runs_alone
from runtime.model.outcomes import Outcome
from runtime.model.records import ClaimedJob
from runtime.worker.attempt import Attempt
from runtime.worker.gathering import Batch, Gathering, Work
from runtime.worker.wakeup import PacedWakeup, Wakeup

PREFETCH_HORIZON = 0.02
"""Claim what the runners, at their present speed, will start within so many seconds, beyond the free ones.

Short jobs then come in batches, a commit each; behind a long job nothing waits
that an idle worker elsewhere could run.
"""


MOST_AHEAD = 4
"""However fast they are, no more than so many for each runner."""

FOLLOWERS = 2
"""Runners that one wakes when it has taken a job and others wait."""


class Pool:
    """Claimed jobs, and the runners that wait for them."""

    def __init__(self, runners: int, gathering: Gathering | None = None) -> None:
        self._runners = runners
        self.gathering = gathering or Gathering({})
        """Batches that have not begun."""
        self._waiting: deque[Work] = deque()
        self._idle = trio.lowlevel.ParkingLot()
        # By job and claim: a job given back behind our back may come again before its first attempt has gone.
        self._running: dict[tuple[int, int], Attempt] = {}
        self._batches: list[Batch] = []  # that runners hold, gathering or running
        self._items = 0  # of the attempts that run, those in batches
        self._suspect: ClaimedJob | None = None
        self._isolating = False
        self._closed = False
        self._woken = 0  # runners that were woken and have not looked yet
        self._ended = 0
        self._unwritten = 0
        self._measured = (0, 0.0)
        self._prefetch = 0
        self.limited: frozenset[str] = frozenset()
        """Types with a rate limit."""
        self.changed = Wakeup()
        """For the dispatcher: a runner became free, or an ending is written."""
        self.more = PacedWakeup()
        """For the dispatcher: there may be more to claim."""
        self.idle = Wakeup()
        """For whoever waits for the end of the work: nothing was left to claim, or nothing is held."""

    # The dispatcher's side

    def free(self) -> int:
        """How many jobs would start at once."""
        return max(0, self._runners - self._held())

    def _held(self) -> int:
        """Runners that are taken, and what waits for one."""
        return len(self._running) - self._items + len(self._batches) + len(self._waiting)

    def below(self, priority: int) -> int:
        """How many runners are taken, or will be, by work of less than this priority."""
        jobs = (attempt.job for attempt in self._running.values())
        running = (job for job in jobs if not self.gathering.gathers(job.type))
        suspect = (self._suspect,) if self._suspect is not None else ()
        return sum(work.priority < priority for work in (*running, *self._batches, *self._waiting, *suspect))

    def wanted(self) -> int:
        """How many jobs to claim: for the free runners, and a few that will be started in a moment."""
        if self._isolating:
            return 0
        if not self.free() and len(self._waiting) > self._prefetch // 2:
            return 0  # enough for now: two large claims cost less than ten small ones
        held = self._held()
        # A database that cannot take endings must not be asked for ever more jobs.
        most = self._runners * self.gathering.largest + self._prefetch
        unwritten = 2 * most + 16 - self._unwritten - held - self._items
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
        self._waiting.extend(self.gathering.sort(jobs))
        for job in jobs:
            if job.crashes and runs_alone(job):
                self._waiting.remove(job)
                self._suspect, self._isolating = job, True
                self.gathering.hurry()
                self._isolate()
        self._wake(1)

    def _isolate(self) -> None:
        """Start the job that runs alone once nothing else is held, also in the database."""
        if self._suspect is not None and not (self._held() or self._items or self._unwritten):
            self._waiting.append(self.gathering.alone(self._suspect))
            self._suspect = None
            self._wake(1)

    def close(self) -> list[ClaimedJob]:
        """Let every runner end after its job; return what was claimed and not started."""
        self._closed = True
        alone = [self._suspect] if self._suspect else []
        unstarted = [*self._jobs_waiting(), *alone, *self.gathering.drop()]
        self._waiting.clear()
        self._suspect = None
        self._idle.unpark_all()
        return unstarted

    def _jobs_waiting(self) -> list[ClaimedJob]:
        return [work for work in self._waiting if not isinstance(work, Batch)]

    def withdraw(self, job_id: int, claims: int) -> ClaimedJob | None:
        """This job, if it waits to run alone or for its batch to begin; it will not start."""
        suspect = self._suspect
        if suspect is None or (suspect.id, suspect.claims) != (job_id, claims):
            gathered = self.gathering.withdraw(job_id, claims)
            if gathered is not None and runs_alone(gathered):
                self._isolating = False
            return gathered
        self._suspect, self._isolating = None, False
        self.changed.set()
        return suspect

    def forget_waiting(self) -> None:
        """Start nothing of what was claimed: it is others' by now."""
        self.gathering.drop()
        self._waiting.clear()
        self._suspect, self._isolating = None, False
        self.changed.set()

    # The runners' side

    async def next(self) -> Work | None:
        """The next job or batch to run; None when the pool is closed."""
        was_woken = False
        while not self._waiting:
            if self._closed:
                return None
            await self._idle.park()
            was_woken = True
            self._woken = max(0, self._woken - 1)
        job = self._waiting.popleft()
        if was_woken:
            self._wake(FOLLOWERS)
        return job

    def _wake(self, most: int) -> None:
        """Wake so many runners for what waits, and let each of them wake others.

        One whose handler never waits takes job after job in the same turn, and those woken beside it find
        nothing: three task switches for a whole batch, where waking a runner for each job would cost one
        for each. Where handlers wait, twice as many start with each turn of the loop: with one follower
        each start was a turn of its own, which cost more than the job.
        """
        number = min(most, len(self._waiting) - self._woken, len(self._idle))
        if number > 0:
            self._woken += number
            self._idle.unpark(count=number)

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

    def took(self, batch: Batch) -> None:
        """A runner has taken a batch, and waits for its company."""
        self._batches.append(batch)

    def begin(self, batch: Batch) -> Sequence[ClaimedJob]:
        """The jobs of a batch, which runs from now on; none where all were taken away."""
        return self.gathering.take(batch)

    def started_together(self, attempts: Sequence[Attempt]) -> None:
        """The attempts of a batch run."""
        self._items += len(attempts)
        for attempt in attempts:
            self.started(attempt)

    def ended_together(self, attempts: Sequence[Attempt]) -> None:
        """The attempts of a batch have ended: for how fast runners become free, they are one."""
        speed = self._ended + 1
        self._items -= len(attempts)
        for attempt in attempts:
            self.ended(attempt)
        self._ended = speed

    def let_go(self, batch: Batch) -> None:
        """The runner of a batch is free."""
        self._batches.remove(batch)
        self._isolate()
        self.changed.set()
        if self.quiet:
            self.idle.set()

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
        waits = self._waiting or self._batches or self._suspect
        return not (self._running or waits or self._unwritten)

    def find(self, job_id: int, claims: int) -> Attempt | None:
        """The running attempt of a job's claim."""
        return self._running.get((job_id, claims))

    def cancel_all(self, verdict: Outcome) -> None:
        """Cancel every running attempt."""
        for attempt in self.running:
            attempt.cancel(verdict)
