"""The bare loop: what trio over apsw can do where nothing but the work itself is done.

    claim a batch and complete the one before it, in one transaction of one writer thread,
    while the batch in between runs: validate with pydantic, cancel scope with a deadline, call

Nothing else: no fencing, no retry, no limits, no counters, no history, no other process to care for.
Durability is the engine's own for this work: a claim and a completion tell nobody anything, so they are
written without a sync of their own (WAL, synchronous NORMAL) and are on the disk with the next write that is
acknowledged.

Two styles: `tasks` starts a task a job; `pooled` keeps its tasks and hands jobs to them, as the engine does.
"""

import json
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import apsw
import outcome
import trio

from bench.app import Noop, noop
from runtime.cli.lean import collect_from_now_on, put_off_collection
from runtime.clock import SystemClock

BATCH = 8
"""Jobs a claim, times the runners; more brought nothing."""
TIMEOUT = 300.0
Row = tuple[int, str]

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 2000;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, payload TEXT NOT NULL, status INTEGER NOT NULL, worker TEXT
) STRICT;
CREATE INDEX ready ON jobs (id) WHERE status = 0;
"""
_CLAIM = """
UPDATE jobs SET status = 1, worker = 'limit'
WHERE id IN (SELECT id FROM jobs WHERE status = 0 ORDER BY id LIMIT ?) RETURNING id, payload
"""


class Store:
    """The table and the thread that writes it."""

    def __init__(self, path: Path, jobs: int) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute(_SCHEMA).fetchall()
        with self._connection:
            self._connection.executemany("INSERT INTO jobs VALUES (NULL, ?, 0, NULL)", [("{}",)] * jobs)
        self._token = trio.lowlevel.current_trio_token()
        self._queue: queue.SimpleQueue[tuple[Sequence[int], int, trio.lowlevel.Task]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    async def exchange(self, done: Sequence[int], most: int) -> list[Row]:
        """Complete these, claim so many others; one transaction."""
        self._queue.put((done, most, trio.lowlevel.current_task()))
        rows: list[Row] = await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)
        return rows

    def unfinished(self) -> int:
        """How many jobs are not completed; for the end, when the thread is idle."""
        return int(self._connection.execute("SELECT COUNT(*) FROM jobs WHERE status <> 2").get)

    def _serve(self) -> None:
        execute = self._connection.execute
        while True:
            done, most, task = self._queue.get()
            execute("BEGIN IMMEDIATE")
            self._connection.executemany("UPDATE jobs SET status = 2 WHERE id = ?", [(id_,) for id_ in done])
            rows = list(execute(_CLAIM, (most,)))
            execute("COMMIT")
            self._token.run_sync_soon(trio.lowlevel.reschedule, task, outcome.Value(rows))


class Loop:
    """Claims ahead by one batch."""

    def __init__(self, store: Store, workers: int) -> None:
        self._store = store
        self._workers = workers
        self._next: list[Row] = []
        self._done: list[int] = []

    async def run(self) -> None:
        """Run all jobs."""
        batch = await self._store.exchange([], BATCH * self._workers)
        while batch:
            done, self._done = self._done, []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._exchange, done)
                await self._run_batch(batch)
            batch = self._next
        await self._store.exchange(self._done, 0)

    async def _exchange(self, done: list[int]) -> None:
        self._next = await self._store.exchange(done, BATCH * self._workers)

    async def _run_batch(self, batch: list[Row]) -> None:
        """A task a job, as many at once as there are runners."""
        for start in range(0, len(batch), self._workers):
            async with trio.open_nursery() as nursery:
                for row in batch[start : start + self._workers]:
                    nursery.start_soon(self._run_one, *row)

    async def _run_one(self, job_id: int, payload: str) -> None:
        with trio.CancelScope(deadline=trio.current_time() + TIMEOUT):
            await noop(Noop.model_validate_json(payload))
        self._done.append(job_id)


class PooledLoop(Loop):
    """The same with tasks that last: each takes job after job, and wakes one more while any wait."""

    def __init__(self, store: Store, workers: int) -> None:
        super().__init__(store, workers)
        self._waiting: deque[Row] = deque()
        self._left = 0
        self._idle = trio.lowlevel.ParkingLot()
        self._finished = trio.lowlevel.ParkingLot()

    async def run(self) -> None:
        """Run all jobs."""
        async with trio.open_nursery() as nursery:
            for _ in range(self._workers):
                nursery.start_soon(self._serve)
            await super().run()
            nursery.cancel_scope.cancel()

    async def _run_batch(self, batch: list[Row]) -> None:
        self._waiting.extend(batch)
        self._left = len(batch)
        self._idle.unpark()
        await self._finished.park()

    async def _serve(self) -> None:
        while True:
            while not self._waiting:
                await self._idle.park()
            row = self._waiting.popleft()
            if self._waiting:
                self._idle.unpark()
            await self._run_one(*row)
            self._left -= 1
            if not self._left:
                self._finished.unpark()


STYLES = {"tasks": Loop, "pooled": PooledLoop}


async def drain(path: Path, jobs: int, workers: int, style: str) -> dict[str, float]:
    """Fill a table and empty it; when that began and ended on CLOCK_MONOTONIC, and processor seconds.

    Raises:
        RuntimeError: not every job was completed, so there is nothing to report.
    """
    store = Store(path, jobs)
    loop = STYLES[style](store, workers)
    clock = SystemClock()
    began = clock.monotonic()
    await loop.run()
    ended = clock.monotonic()
    if store.unfinished():
        raise RuntimeError(f"{store.unfinished()} of {jobs} jobs were not completed")
    return {"began": began, "ended": ended, "processor": time.process_time()}


def main() -> None:
    """`python -m bench.limit JSON`: one run in a process of its own, as the measured worker has."""
    put_off_collection()  # as there
    collect_from_now_on()
    options = json.loads(sys.argv[1])
    print(
        json.dumps(
            trio.run(drain, Path(options["path"]), options["jobs"], options["workers"], options["style"])
        )
    )


if __name__ == "__main__":
    main()
