"""Gathering: claimed jobs of a type that runs in batches, until one runner takes them together.

A batch takes its place among what waits for runners, and then its runner, with its
first job, and waits there for company: what is claimed never waits behind a running
job once its batch is complete. The price is a runner that idles for `wait` seconds at
most, one for each type that gathers. Rejected: gathering without a runner (a complete
batch would wait for one while an idle worker elsewhere could run it).
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import trio

from runtime.handlers import Handler
from runtime.model.batching import NO_ROOMS, Batching, Room
from runtime.model.lifecycle import runs_alone
from runtime.model.records import ClaimedJob

LOOKS = 10
"""So often does a batch look for company while no runner is free and nothing else is claimed."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds between two of these looks."""


class Batch:
    """Jobs of one type that one call will run; it gathers until a runner begins it."""

    __slots__ = ("complete", "handler", "jobs", "patience", "priority", "size")

    def __init__(self, handler: Handler, size: int, due_at: float) -> None:
        self.handler = handler
        self.jobs: list[ClaimedJob] = []
        self.size = size
        self.priority = 0
        """Of the most urgent job that it has ever held."""
        self.complete = trio.Event()
        """Set when there is nothing to wait for."""
        self.patience = trio.CancelScope(deadline=due_at)
        """Ends when the batch is begun although there is room left."""

    def add(self, job: ClaimedJob) -> None:
        """Take a job in; where it has a deadline, at least half of what is left of that is for its work."""
        self.jobs.append(job)
        self.priority = max(self.priority, job.priority)
        if len(self.jobs) == self.size:
            self.complete.set()
        if job.end_by is not None:
            half = (job.end_by - job.locked_at) / 2
            self.patience.deadline = min(self.patience.deadline, trio.current_time() + half)

    async def company(self) -> None:
        """Wait until it is time to begin; for the one runner that holds it."""
        with self.patience:
            await self.complete.wait()


Work: TypeAlias = ClaimedJob | Batch
"""What a runner is given."""


class Gathering:
    """The batches of a worker that have not begun."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = {name: handler for name, handler in handlers.items() if handler.batching is not None}
        self._open: dict[str, Batch] = {}
        self._waiting: list[Batch] = []

    def gathers(self, job_type: str) -> bool:
        """Whether jobs of this type run in batches."""
        return job_type in self._handlers

    @property
    def largest(self) -> int:
        """The most jobs that a runner may hold."""
        return max((_rule(handler).size for handler in self._handlers.values()), default=1)

    @property
    def empty(self) -> bool:
        """Whether no batch waits to begin."""
        return not self._waiting

    @property
    def open(self) -> frozenset[str]:
        """The types of which a batch has room."""
        return frozenset(self._open)

    @property
    def pause(self) -> float:
        """Seconds until somebody should look for more jobs of the types that gather."""
        waits = (_rule(batch.handler).wait for batch in self._open.values())
        return max(SHORTEST_PAUSE, min(LONGEST_PAUSE, min(waits, default=LONGEST_PAUSE) / LOOKS))

    def rooms(self) -> Mapping[str, Room]:
        """What a claim may take of each type that runs in batches."""
        if not self._handlers:
            return NO_ROOMS
        return {name: Room(_rule(handler).size, self._free(name)) for name, handler in self._handlers.items()}

    def sort(self, jobs: Sequence[ClaimedJob]) -> Sequence[Work]:
        """Put jobs into their batches; return what is new for the runners, in order.

        A job that runs alone stays by itself.
        """
        if not self._handlers:
            return jobs
        new: list[Work] = []
        for job in jobs:
            if job.type not in self._handlers or runs_alone(job):
                new.append(job)
            elif (opened := self._put(job)) is not None:
                new.append(opened)
        return new

    def alone(self, job: ClaimedJob) -> Work:
        """What runs a job with nothing beside it: where it belongs into a batch, one of its own."""
        if job.type not in self._handlers:
            return job
        batch = self._begin(job.type, wait=0)
        batch.add(job)
        batch.complete.set()
        return batch

    def hurry(self) -> None:
        """Let every batch begin with what it has."""
        for batch in self._waiting:
            batch.complete.set()
        self._open.clear()

    def take(self, batch: Batch) -> Sequence[ClaimedJob]:
        """Begin a batch: nobody joins it any more, and nobody withdraws from it."""
        if batch in self._waiting:
            self._waiting.remove(batch)
        if self._open.get(batch.handler.type) is batch:
            del self._open[batch.handler.type]
        jobs, batch.jobs = batch.jobs, []
        return jobs

    def withdraw(self, job_id: int, claims: int) -> ClaimedJob | None:
        """Take this job out of its batch, if that has not begun."""
        for batch in self._waiting:
            for job in batch.jobs:
                if (job.id, job.claims) == (job_id, claims):
                    batch.jobs.remove(job)
                    if not batch.jobs:
                        batch.complete.set()  # nothing to wait for
                    return job
        return None

    def drop(self) -> list[ClaimedJob]:
        """Empty all batches; return what they held."""
        self.hurry()
        held = [job for batch in self._waiting for job in batch.jobs]
        for batch in self._waiting:
            batch.jobs = []
        return held

    def _free(self, job_type: str) -> int:
        batch = self._open.get(job_type)
        return 0 if batch is None else batch.size - len(batch.jobs)

    def _put(self, job: ClaimedJob) -> Batch | None:
        """Put a job into the batch of its type; return that if it is new."""
        batch = self._open.get(job.type)
        opened = None
        if batch is None:
            wait = _rule(self._handlers[job.type]).wait
            batch = opened = self._open[job.type] = self._begin(job.type, wait)
        batch.add(job)
        if batch.complete.is_set():
            del self._open[job.type]
        return opened

    def _begin(self, job_type: str, wait: float) -> Batch:
        handler = self._handlers[job_type]
        batch = Batch(handler, _rule(handler).size, trio.current_time() + wait)
        self._waiting.append(batch)
        return batch


def _rule(handler: Handler) -> Batching:
    assert handler.batching is not None, "only such handlers are kept here"
    return handler.batching
