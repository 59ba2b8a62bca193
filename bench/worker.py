"""One measured worker process: `python -m bench.worker OPTIONS`; says on standard output when it worked.

It is the worker of `creche worker`, with other ears: instead of logging, it notes
when it became ready to claim and when everything was done and committed.
"""

import json
import sys
import time
from collections.abc import Sequence

import trio

from bench.app import app
from runtime.clock import SystemClock
from runtime.events import Events
from runtime.model.records import ClaimedJob
from runtime.worker.options import WorkerOptions
from runtime.worker.supervisor import supervise


class Ears(Events):
    """Hears when the worker starts and stops, and keeps quiet about jobs."""

    def __init__(self) -> None:
        super().__init__()
        self._clock = SystemClock()
        self.began = 0.0
        self.ended = 0.0

    def worker_started(self, worker: str, runners: int, types: Sequence[str]) -> None:  # noqa: ARG002
        """Ready to claim."""
        self.began = self._clock.monotonic()

    def worker_stopping(self, worker: str, grace: float, running: int) -> None:  # noqa: ARG002
        """Nothing is due any more; all endings are committed."""
        self.ended = self._clock.monotonic()

    def worker_stopped(self, worker: str) -> None:
        """Gone."""

    def attempt_ended(
        self, job: ClaimedJob, outcome: str, status: str, seconds: float, error: str | None
    ) -> None:
        """One of many."""


async def work(db: str, workers: int, *, durable: bool, drain: bool) -> Ears:
    """Run a worker until drained or stopped by a signal."""
    ears = Ears()
    async with app.open(db, durable=durable, events=ears) as deployment:
        await supervise(
            deployment,
            worker=WorkerOptions(workers=workers, drain=drain),
            ready=lambda: None if drain else print("ready", file=sys.stderr, flush=True),
        )
    return ears


def main() -> None:
    """Work, then say what was heard."""
    options = json.loads(sys.argv[1])

    async def run() -> Ears:
        return await work(
            options["db"], options["workers"], durable=options["durable"], drain=options["drain"]
        )

    ears = trio.run(run)
    print(json.dumps({"began": ears.began, "ended": ears.ended, "processor": time.process_time()}))


if __name__ == "__main__":
    main()
