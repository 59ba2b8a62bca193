"""One measured worker process: `python -m bench.worker ORDERS`; says on standard output when it worked.

It is the worker of `creche worker`, with other ears: instead of logging, it notes
when it became ready to claim and when everything was done and committed.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import trio

from bench.app import app
from bench.keyed import KeyLimit, with_keys
from bench.machine import resident
from bench.many import with_batches
from runtime.app import App
from runtime.cli.lean import collect_from_now_on, put_off_collection
from runtime.clock import SystemClock
from runtime.events import Events
from runtime.model.rates import Rate
from runtime.model.records import ClaimedJob
from runtime.worker.options import WorkerOptions
from runtime.worker.supervisor import supervise


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a measured worker is to do."""

    db: str
    workers: int
    durable: bool
    stop_after: int = 0
    """Stop when so many attempts have ended; 0: when nothing is due."""
    rates: dict[str, str] = field(default_factory=dict)
    """Rate limits to set, by type."""
    mark_every: int = 0
    """Note the memory each time so many attempts have ended; 0: never."""
    only: str | None = None
    """Run this type alone."""
    batch: int = 0
    """Be an application that also runs a type in batches of this size; 0: it has none."""
    keyed: KeyLimit | None = None
    """Be an application that also runs a type whose keys have this limit."""

    def text(self) -> str:
        """As JSON, for the command line."""
        return json.dumps(asdict(self))

    def options(self) -> WorkerOptions:
        """The same in the worker's words."""
        return WorkerOptions(
            workers=self.workers,
            drain=not self.stop_after,
            rates={name: Rate.parse(rate) for name, rate in self.rates.items()},
            only=frozenset() if self.only is None else frozenset({self.only}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one worker process says of its work; moments on CLOCK_MONOTONIC, in seconds."""

    began: float
    """It was ready to claim."""
    ended: float
    """Nothing was due any more, or enough had ended, and every ending was committed."""
    processor: float
    """Seconds of processor time, start-up included."""
    marks: tuple[tuple[int, float, float], ...] = ()
    """Attempts ended, MiB resident, MiB of it without pages of files."""


class Ears(Events):
    """Hears when the worker starts and stops, and keeps quiet about jobs."""

    def __init__(self) -> None:
        super().__init__()
        self._clock = SystemClock()
        self.began = 0.0
        self.ended = 0.0
        self.marks: list[tuple[int, float, float]] = []

    def worker_started(self, worker: str, runners: int, types: Sequence[str]) -> None:  # noqa: ARG002
        """Ready to claim."""
        self.began = self._clock.monotonic()

    def worker_stopping(self, worker: str, grace: float, running: int) -> None:  # noqa: ARG002
        """Nothing is due any more; all endings are committed."""
        self.ended = self.ended or self._clock.monotonic()

    def worker_stopped(self, worker: str) -> None:
        """Gone."""

    def attempt_ended(
        self, job: ClaimedJob, outcome: str, status: str, seconds: float, error: str | None
    ) -> None:
        """One of many."""


class CountingEars(Ears):
    """Counts endings, which cost it a little: for what cannot be measured by draining."""

    def __init__(self, stop_after: int, mark_every: int) -> None:
        super().__init__()
        self._stop_after = stop_after
        self._mark_every = mark_every
        self._count = 0

    def attempt_ended(
        self,
        job: ClaimedJob,  # noqa: ARG002
        outcome: str,  # noqa: ARG002
        status: str,  # noqa: ARG002
        seconds: float,  # noqa: ARG002
        error: str | None,  # noqa: ARG002
    ) -> None:
        """One of many; after the last of them the worker stops as by a signal."""
        self._count += 1
        if self._mark_every and self._count % self._mark_every == 0:
            self.marks.append((self._count, *resident()))
        if self._count == self._stop_after:
            self.ended = self._clock.monotonic()
            os.kill(os.getpid(), signal.SIGTERM)


async def work(orders: Orders) -> Ears:
    """Run a worker as ordered, or until stopped by a signal; says `ready` on standard error."""
    counting = orders.stop_after or orders.mark_every
    ears = CountingEars(orders.stop_after, orders.mark_every) if counting else Ears()
    async with _application(orders).open(orders.db, durable=orders.durable, events=ears) as deployment:
        await supervise(
            deployment,
            worker=orders.options(),
            ready=lambda: print("ready", file=sys.stderr, flush=True),
        )
    return ears


def _application(orders: Orders) -> App:
    if orders.keyed is not None:
        return with_keys(orders.keyed)
    return with_batches(orders.batch) if orders.batch else app


def main() -> None:
    """Work, then say what was heard."""
    put_off_collection()  # as `creche worker` does
    collect_from_now_on()
    ears = trio.run(work, Orders(**json.loads(sys.argv[1])))
    window = Window(
        began=ears.began, ended=ears.ended, processor=time.process_time(), marks=tuple(ears.marks)
    )
    print(json.dumps(asdict(window)))


if __name__ == "__main__":
    main()
