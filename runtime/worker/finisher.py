"""Finisher: writes how attempts ended, many in one commit. Ended by cancellation, once the pool is quiet."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import trio

from runtime.app import Deployment
from runtime.errors import CommitInDoubt, DatabaseBusy, DatabaseError, DatabaseFull
from runtime.model.lifecycle import settle
from runtime.model.outcomes import Completed, Failed, Interrupted, Outcome, describe_error
from runtime.store import progress, results
from runtime.store.endings import Ending, finish, finish_many
from runtime.transaction import JobTransaction
from runtime.worker.attempt import Attempt
from runtime.worker.pool import Pool
from runtime.worker.scribe import Scribe
from runtime.worker.wakeup import Wakeup

PAUSE = 0.5
"""Seconds before a refused write is tried again: the completion is retried, never the handler."""
TRANSIENT = (DatabaseBusy, DatabaseFull, CommitInDoubt)
"""In doubt, too: an ending that was written is refused when it comes again, with all that belongs to it."""


LOST = Interrupted("what its batch wrote was not written: another worker has one of the jobs")

Writes: TypeAlias = Sequence[Callable[[JobTransaction], object]]


class Together(NamedTuple):
    """Jobs of a batch that completed, and what is written only with all of them."""

    attempts: list[Attempt]
    writes: Writes


class _StaleCompletion(Exception):
    """This worker no longer owns the job: its handler's writes must not happen either."""


class Finisher:
    """Takes ended attempts and settles them."""

    def __init__(self, worker: str, deployment: Deployment, pool: Pool, scribe: Scribe) -> None:
        self._worker = worker
        self._deployment = deployment
        self._pool = pool
        self._scribe = scribe
        self._handlers = deployment.app.handlers
        self._ended: list[Attempt] = []
        self._together: list[Together] = []
        self._work = Wakeup()

    def put(self, attempt: Attempt, now: float) -> None:
        """Take an attempt that has ended, and was judged; its runner may go on."""
        attempt.ended = now
        attempt.notes = self._scribe.take(attempt.job)
        self._pool.ended(attempt)
        self._ended.append(attempt)
        self._work.set()

    def put_together(self, attempts: Sequence[Attempt], now: float, writes: Writes) -> None:
        """Take the attempts of a batch, and what is to be written with the completions among them."""
        for attempt in attempts:
            attempt.ended = now
            attempt.notes = self._scribe.take(attempt.job)
        self._pool.ended_together(attempts)
        completed = [attempt for attempt in attempts if writes and _completed(attempt)]
        if completed:
            completed.sort(key=lambda attempt: attempt.job.id)  # or two such transactions may deadlock
            self._together.append(Together(completed, writes))
        self._ended += [attempt for attempt in attempts if not (completed and _completed(attempt))]
        self._work.set()

    async def give_back(self, attempts: Sequence[Attempt], outcome: Interrupted) -> None:
        """End attempts whose handlers do not end; what these say later is refused."""
        now = self._deployment.clock.now()
        endings = [self._settle(attempt, attempt.given_back(outcome), now) for attempt in attempts]
        said = [self._scribe.take(attempt.job) for attempt in attempts]
        notes = [note for note in said if note is not None]
        await self._deployment.database.write_relaxed(finish_many, self._worker, endings, notes=notes)

    async def run(self) -> None:
        """Write endings until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._work.wait()
                batch, self._ended = self._ended, []
                together, self._together = self._together, []
                for each in together:
                    nursery.start_soon(self._finish_together, each)
                simple = []
                for attempt in batch:
                    if attempt.writes and _completed(attempt):
                        nursery.start_soon(self._finish_with_writes, attempt)
                    else:
                        simple.append(attempt)
                if simple:
                    await self._finish(simple)

    async def _finish(self, ended: list[Attempt]) -> None:
        now = self._deployment.clock.now()
        endings = [self._settle(attempt, _outcome(attempt), now) for attempt in ended]
        returned = {each.job: each.result for each in ended if each.result and _completed(each)}
        notes = [each.notes for each in ended if each.notes is not None]
        while True:
            try:
                # Relaxed: a completion lost to a power failure is a re-run, and nobody was told of it.
                refused = await self._deployment.database.write_relaxed(
                    finish_many, self._worker, endings, returned=returned, notes=notes
                )
                break
            except TRANSIENT as error:
                await self._pause(error)
        self._pool.written(len(ended))
        stale = set(refused)
        for attempt, ending in zip(ended, endings, strict=True):
            self._report(attempt, ending, owned=attempt.job not in stale)

    async def _finish_with_writes(self, attempt: Attempt) -> None:
        """Complete a job together with what its handler wrote and enqueued: all or nothing."""
        ending = self._settle(attempt, Completed(), self._deployment.clock.now())
        while True:
            try:
                await self._deployment.database.write(_finish_with, self._worker, ending, attempt)
                self._pool.written(1)
                self._report(attempt, ending, owned=True)
                return
            except _StaleCompletion:
                self._pool.written(1)
                self._report(attempt, ending, owned=False)
                return
            except TRANSIENT as error:
                await self._pause(error)
            except Exception as error:  # noqa: BLE001 - the handler's own write failed: the attempt has
                attempt.outcome = Failed(describe_error(error))
                await self._finish([attempt])
                return

    async def _finish_together(self, together: "Together") -> None:
        """Complete jobs of a batch together with what their handler wrote for all of them, or none."""
        attempts = together.attempts
        now = self._deployment.clock.now()
        endings = [self._settle(attempt, Completed(), now) for attempt in attempts]
        while True:
            try:
                await self._deployment.database.write(_finish_all_with, self._worker, endings, together)
            except _StaleCompletion:
                # Who owns one of them will write for it, too: all are done anew.
                await self._finish_otherwise(attempts, LOST)
            except TRANSIENT as error:
                await self._pause(error)
                continue
            except Exception as error:  # noqa: BLE001 - the handler's own write failed: the attempts have
                await self._finish_otherwise(attempts, Failed(describe_error(error)))
            else:
                self._pool.written(len(attempts))
                for attempt, ending in zip(attempts, endings, strict=True):
                    self._report(attempt, ending, owned=True)
            return

    async def _finish_otherwise(self, attempts: list[Attempt], outcome: Outcome) -> None:
        for attempt in attempts:
            attempt.outcome = outcome
        await self._finish(attempts)

    def _settle(self, attempt: Attempt, outcome: Outcome, now: float) -> Ending:
        job = attempt.job
        chance = self._deployment.random.random()
        return Ending(job, settle(job, outcome, now, self._handlers[job.type].retry, chance))

    async def _pause(self, error: DatabaseError) -> None:
        self._deployment.events.database_trouble("finisher", str(error), PAUSE)
        await trio.sleep(PAUSE)

    def _report(self, attempt: Attempt, ending: Ending, *, owned: bool) -> None:
        events, job, change = self._deployment.events, attempt.job, ending.transition
        if owned:
            seconds = attempt.ended - attempt.began
            events.attempt_ended(job, change.outcome, change.status, seconds, change.error)
        else:
            events.ending_refused(job, self._worker)


def _completed(attempt: Attempt) -> bool:
    return isinstance(attempt.outcome, Completed)


def _outcome(attempt: Attempt) -> Outcome:
    assert attempt.outcome is not None, "judged before it was put here"
    return attempt.outcome


def _finish_with(tx: JobTransaction, worker: str, ending: Ending, attempt: Attempt) -> None:
    if attempt.notes is not None:
        progress.write(tx, [attempt.notes])
    # Before the completion: what depends on the job may have to wait for jobs that are enqueued here.
    tx.within = ending.job.id
    try:
        for write in attempt.writes:
            write(tx)
    finally:
        tx.within = None
    if attempt.result is not None:
        results.store(tx, {attempt.job.id: attempt.result})
    if not finish(tx, worker, ending):
        raise _StaleCompletion


def _finish_all_with(tx: JobTransaction, worker: str, endings: Sequence[Ending], together: Together) -> None:
    for write in together.writes:
        write(tx)
    for ending, attempt in zip(endings, together.attempts, strict=True):
        _finish_with(tx, worker, ending, attempt)
