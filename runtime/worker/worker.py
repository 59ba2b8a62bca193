"""One worker: its pieces nested so that whatever is needed longest ends last.

    services   heartbeat, overseer, finisher, scribe, reaper, promoter, expirer, ticker, pruner
      └ jobs   runners, and the dispatcher that supplies them

Stopping is leaving these blocks in order: no new claims; running jobs get the
grace; what remains is cancelled and given back; endings are written; the
worker's row goes.
"""

import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVarTuple

import trio

from runtime.app import Deployment
from runtime.errors import DatabaseError
from runtime.model.outcomes import Interrupted
from runtime.model.records import ClaimedJob
from runtime.store import limits
from runtime.store.claims import due_types, release
from runtime.store.workers import Beat
from runtime.transaction import JobTransaction
from runtime.worker.dispatcher import Dispatcher
from runtime.worker.expirer import run_expirer
from runtime.worker.finisher import Finisher
from runtime.worker.gathering import Gathering
from runtime.worker.heartbeat import Heartbeat
from runtime.worker.identity import proof_of_life, worker_name
from runtime.worker.options import WorkerOptions
from runtime.worker.overseer import run_overseer
from runtime.worker.pool import Pool
from runtime.worker.promoter import run_promoter
from runtime.worker.pruner import run_pruner
from runtime.worker.reaper import run_reaper
from runtime.worker.runner import Runner
from runtime.worker.scribe import Scribe
from runtime.worker.ticker import run_ticker

Ts = TypeVarTuple("Ts")

CLEANUP = 1.0
"""Seconds that cancelled handlers have to clean up at shutdown, beyond the grace."""
STOPPED = Interrupted("the worker was stopped")


class Worker:
    """A worker of a deployment; `run` is its life."""

    def __init__(self, deployment: Deployment, options: WorkerOptions) -> None:
        self._deployment = deployment
        self._options = options
        self._types = options.chosen(frozenset(deployment.app.handlers))
        self.name = worker_name(deployment)
        self._hurry = trio.Event()
        self.pool = Pool(options.workers, Gathering(deployment.app.handlers))
        self._scribe = Scribe(deployment)
        self._finisher = Finisher(self.name, deployment, self.pool, self._scribe)
        self._dispatcher = Dispatcher(self.name, deployment, self.pool, options, self._types)
        self._heartbeat = Heartbeat(deployment, self.pool, self._beat())

    async def run(
        self,
        stopping: trio.Event,
        *,
        task_status: trio.TaskStatus["Worker"] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Work until `stopping` is set, or nothing is due where that ends it; then leave in order.

        Cancelled, it leaves at once: what runs is given back when the process is seen to be dead.
        """
        deployment = self._deployment
        proof = (
            nullcontext() if deployment.inline else proof_of_life(deployment.location.companions, self.name)
        )
        with proof:
            await deployment.database.write(self._set_rates)
            await self._heartbeat.register()
            async with trio.open_nursery() as services:
                self._start_services(services)
                deployment.events.worker_started(self.name, self._options.workers, sorted(self._types))
                task_status.started(self)
                await self._work(stopping)
                await self._leave()
                services.cancel_scope.cancel()
        deployment.events.worker_stopped(self.name)

    def hurry(self) -> None:
        """Leave without waiting for the grace: what runs is cancelled now."""
        self._hurry.set()

    def _start_services(self, services: trio.Nursery) -> None:
        deployment = self._deployment
        services.start_soon(self._heartbeat.run)
        services.start_soon(self._finisher.run)
        services.start_soon(self._scribe.run)
        services.start_soon(run_overseer, deployment, self.name, self.pool, self._options.poll)
        services.start_soon(run_reaper, deployment, self.name, self._options.stale_after)
        services.start_soon(run_promoter, deployment, self._options.poll)
        services.start_soon(run_expirer, deployment, self._options.poll)
        services.start_soon(run_ticker, deployment, self._options.poll)
        services.start_soon(run_pruner, deployment)

    async def _work(self, stopping: trio.Event) -> None:
        threads = trio.CapacityLimiter(self._options.workers)
        async with trio.open_nursery() as jobs:
            for _ in range(self._options.workers):
                runner = Runner(
                    self.name,
                    self._deployment,
                    self.pool,
                    self._finisher,
                    self._scribe,
                    timeout=self._options.timeout,
                    threads=threads,
                )
                jobs.start_soon(runner.run)
            async with trio.open_nursery() as claiming:
                claiming.start_soon(self._dispatcher.run)
                await self._until_done(stopping)
                claiming.cancel_scope.cancel()
            await self._stop_jobs(jobs)

    async def _until_done(self, stopping: trio.Event) -> None:
        if not self._options.drain:
            await stopping.wait()
            return
        async with trio.open_nursery() as either:
            either.start_soon(self._drained, either.cancel_scope)
            await stopping.wait()
            either.cancel_scope.cancel()

    async def _drained(self, scope: trio.CancelScope) -> None:
        while True:
            await self.pool.idle.wait()
            rounds = self._dispatcher.rounds
            still = rounds % 2 == 0 and self.pool.quiet
            # A job that is being claimed is not due any more, and not in the pool yet.
            if still and await self._nothing_due() and self._dispatcher.rounds == rounds:
                scope.cancel()

    async def _nothing_due(self) -> bool:
        due = await self._deployment.database.read(
            due_types, self._options.min_priority, self._options.max_priority
        )
        return not due & self._types

    async def _stop_jobs(self, jobs: trio.Nursery) -> None:
        self._heartbeat.stopping = True
        unstarted = self.pool.close()
        self._deployment.events.worker_stopping(self.name, self._options.grace, len(self.pool.running))
        if unstarted:
            await self._try("release", self._release, unstarted)
        with trio.move_on_after(self._options.grace):
            await self._quiet_or_hurried()
        self.pool.cancel_all(STOPPED)
        with trio.move_on_after(CLEANUP):
            await self._quiet()
        if self.pool.running:
            # Given back although its cleanup goes on: it has until the process leaves, by force if need be.
            await self._try("give back", self._finisher.give_back, self.pool.running, STOPPED)
        jobs.cancel_scope.cancel()

    async def _release(self, unstarted: list[ClaimedJob]) -> None:
        await self._deployment.database.write_relaxed(release, self.name, unstarted)

    async def _quiet_or_hurried(self) -> None:
        async with trio.open_nursery() as either:
            either.start_soon(self._hurry_up, either.cancel_scope)
            await self._quiet()
            either.cancel_scope.cancel()

    async def _hurry_up(self, scope: trio.CancelScope) -> None:
        await self._hurry.wait()
        scope.cancel()

    async def _quiet(self) -> None:
        while not self.pool.quiet:
            await self.pool.changed.wait()

    async def _leave(self) -> None:
        with trio.move_on_after(CLEANUP):
            await self._quiet()
        await self._try("remove", self._heartbeat.remove)

    async def _try(self, what: str, fn: Callable[[*Ts], Awaitable[object]], *args: *Ts) -> None:
        """Tidy up if the database lets us; others will do it once they see that this process is gone."""
        try:
            with trio.move_on_after(CLEANUP):
                await fn(*args)
        except DatabaseError as error:
            self._deployment.events.database_trouble(what, str(error), 0)

    def _set_rates(self, tx: JobTransaction) -> None:
        for job_type, rate in self._options.rates.items():
            limits.change(tx, job_type, rate)

    def _beat(self) -> Beat:
        return Beat(
            id=self.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            boot=self._deployment.clock.boot(),
            beat=self._deployment.clock.monotonic(),
            stale_after=self._options.stale_after,
            runners=self._options.workers,
            types=tuple(sorted(self._types)),
        )
