"""Dispatcher: claims due jobs for free runners. Ended by cancellation; what it claimed is in the pool."""

from collections.abc import Mapping
from functools import partial

import trio

from runtime.app import Deployment
from runtime.db.base import brief
from runtime.errors import DatabaseError
from runtime.handlers import Handler
from runtime.store.claims import Claim, claim, give_back_unheard, questions
from runtime.store.lanes import KeyOf
from runtime.store.selection import ClaimRequest
from runtime.store.subjects import CONTROL, DUE, FINISHED, SCHEDULED
from runtime.store.workers import may_claim
from runtime.transaction import JobTransaction
from runtime.worker.options import WorkerOptions
from runtime.worker.pool import Pool

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between tries while the database cannot be used."""


class Dispatcher:
    """Keeps the pool supplied."""

    def __init__(
        self,
        worker: str,
        deployment: Deployment,
        pool: Pool,
        options: WorkerOptions,
        types: frozenset[str],
    ) -> None:
        self._worker = worker
        self._deployment = deployment
        self._pool = pool
        self._options = options
        self._types = types
        # With a reservation any ending may be the one that lets a job of less priority start.
        self._wakes = frozenset({DUE, CONTROL, *((FINISHED, SCHEDULED) if options.reserve else ())})
        self._claimed_at = 0.0  # when the last jobs that we heard of were claimed
        self._keys = _keys(deployment.app.handlers)
        self.rounds = 0
        """Grows when a claim begins and when the pool has what it brought: odd in between."""

    async def run(self) -> None:
        """Claim until cancelled."""
        stop_listening = self._deployment.database.listen(self._heard)
        try:
            while True:
                wanted = self._pool.wanted()
                if not wanted:
                    if self._pool.gathering.open and not self._pool.closed:
                        await self._gather()
                    else:
                        await self._pool.changed.wait(self._options.poll)
                    continue
                self.rounds += 1
                claimed = await self._claim(wanted)
                self._pool.limited = claimed.limited
                self._pool.give(claimed.jobs)
                self._hurry_to_drain(left=claimed.left)
                self.rounds += 1
                if claimed.flooded:
                    continue
                if not claimed.left:  # so a runner that becomes free is no reason to look again
                    self._pool.idle.set()
                    await self._pool.more.wait(self._patience(claimed))
                elif (
                    len(claimed.jobs) < wanted and not self._pool.free()
                ):  # what is left never waits behind a runner
                    await self._pool.changed.wait(self._patience(claimed))
        finally:
            stop_listening()

    async def _gather(self) -> None:
        """Claim for the batches that gather while no runner is free; and so again in a moment."""
        self.rounds += 1
        claimed = await self._claim(0, self._pool.gathering.open)
        self._pool.give(claimed.jobs)
        self._hurry_to_drain(left=False)
        self.rounds += 1
        await self._pool.changed.wait(min(self._options.poll, self._pool.gathering.pause))

    def _hurry_to_drain(self, *, left: bool) -> None:
        """Where the work ends with what is due, nobody waits for company that does not come."""
        if self._options.drain and not left:
            self._pool.gathering.hurry()

    async def _claim(self, wanted: int, types: frozenset[str] | None = None) -> Claim:
        pause, unheard_since = FIRST_PAUSE, None
        while True:
            self._pool.measure(trio.current_time())
            reserved_for, unreserved = self._reserved()
            request = ClaimRequest(
                worker=self._worker,
                types=self._types if types is None else types,
                rooms=self._pool.gathering.rooms(),
                free=self._pool.free(),
                most=wanted,
                min_priority=self._options.min_priority,
                max_priority=self._options.max_priority,
                aging=self._options.aging,
                keys=self._keys,
                reserved_for=reserved_for,
                unreserved=unreserved,
            )
            try:
                # Relaxed: a claim lost to a power failure leaves the job pending.
                claimed = await self._deployment.database.write_relaxed(_claim, request, unheard_since)
            except DatabaseError as error:
                unheard_since = self._claimed_at  # it may have been written all the same
                self._deployment.events.database_trouble("dispatcher", str(error), pause)
            else:
                self._claimed_at = max((job.locked_at for job in claimed.jobs), default=self._claimed_at)
                return claimed
            await trio.sleep(pause * (0.5 + self._deployment.random.random()))
            pause = min(LONGEST_PAUSE, pause * 2)

    def _reserved(self) -> tuple[int, int]:
        """For which priority runners are kept; how many jobs below it may be claimed."""
        reserve = self._options.reserve
        if reserve is None:
            return 0, 0
        others = self._options.workers - reserve.runners
        return reserve.priority, max(0, others - self._pool.below(reserve.priority))

    def _patience(self, claimed: Claim) -> float:
        if claimed.ready_at is None:
            return self._options.poll
        return min(self._options.poll, claimed.ready_at - self._deployment.clock.now())

    def _heard(self, subjects: frozenset[str]) -> None:
        if subjects & self._wakes:
            self._pool.more.set()


@brief
def _claim(tx: JobTransaction, request: ClaimRequest, unheard_since: float | None) -> Claim:
    """Claim; but nothing between being taken for dead and the heartbeat that notices it.

    Args:
        unheard_since: after it a claim was not answered: what that brought is given back first.
    """
    tx.foresee(*questions(request.worker))
    if not may_claim(tx, request.worker):
        return Claim([], left=False, ready_at=None)
    if unheard_since is not None:
        give_back_unheard(tx, request.worker, unheard_since)
    return claim(tx, request)


def _keys(handlers: Mapping[str, Handler]) -> dict[str, KeyOf]:
    """What tells the keys of payloads, for the types that have some."""
    return {
        name: partial(handler.per_key.lane_of, handler.model)
        for name, handler in handlers.items()
        if handler.per_key is not None
    }
