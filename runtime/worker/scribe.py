"""Scribe: writes down what running attempts say, for all jobs of a worker in one transaction at a time.

Saying something never waits: it is kept in memory, the newest of it, and written at
most twice a second. What is left when an attempt ends goes into the transaction of
its ending. Ended by cancellation.
"""

import threading
from itertools import count

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.model.notes import Line, Notes, Progress, bounded_fraction, bounded_text
from runtime.model.records import ClaimedJob
from runtime.store import progress
from runtime.worker.wakeup import Wakeup

PAUSE = 0.5
"""Seconds between two transactions."""


class Scribe:
    """Takes what attempts say, from any thread."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._notes: dict[tuple[int, int], Notes] = {}
        self._numbers = count(1)
        # Handlers in threads speak too. It is held for microseconds, never over a write.
        self._lock = threading.Lock()
        self._work = Wakeup()
        self._token: trio.lowlevel.TrioToken | None = None

    def report(self, job: ClaimedJob, fraction: float, message: str) -> None:
        """An attempt says how far it is."""
        fraction, message, now = bounded_fraction(fraction), bounded_text(message), self._now()
        with self._lock:
            self._of(job).progress = Progress(next(self._numbers), fraction, message, now)
        self._wake()

    def log(self, job: ClaimedJob, text: str, level: str) -> None:
        """An attempt writes a line into its job's log."""
        text, now = bounded_text(text), self._now()
        with self._lock:
            self._of(job).lines.append(Line(next(self._numbers), level, text, now))
        self._wake()

    def take(self, job: ClaimedJob) -> Notes | None:
        """What an attempt said that is not written yet, for whoever writes its ending."""
        if not self._notes:
            return None
        with self._lock:
            return self._notes.pop((job.id, job.claims), None)

    async def run(self) -> None:
        """Write until cancelled."""
        self._token = trio.lowlevel.current_trio_token()
        while True:
            await self._work.wait()
            with self._lock:
                taken, self._notes = self._notes, {}
            if taken:
                await self._write(taken)
                await trio.sleep(PAUSE)

    async def _write(self, taken: dict[tuple[int, int], Notes]) -> None:
        try:
            # Relaxed: what power loss takes of it, the run that it spoke of is repeated for, too.
            await self._deployment.database.write_relaxed(progress.write, list(taken.values()))
        except DatabaseError as error:
            self._deployment.events.database_trouble("scribe", str(error), PAUSE)
            self._put_back(taken)

    def _put_back(self, taken: dict[tuple[int, int], Notes]) -> None:
        with self._lock:
            for key, notes in taken.items():
                if key in self._notes:
                    notes.precede(self._notes[key])
                else:
                    self._notes[key] = notes
        self._work.set()

    def _of(self, job: ClaimedJob) -> Notes:
        key = (job.id, job.claims)
        notes = self._notes.get(key)
        if notes is None:
            notes = self._notes[key] = Notes(job)
        return notes

    def _now(self) -> float:
        return self._deployment.clock.now()

    def _wake(self) -> None:
        """Wake the writer, from whatever thread: an event may be set on trio's alone."""
        if trio.lowlevel.in_trio_run():
            self._work.set()
        elif self._token is not None:
            try:
                self._token.run_sync_soon(self._work.set, idempotent=True)
            except trio.RunFinishedError:
                return  # an abandoned thread that outlived its worker
