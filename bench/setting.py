"""Setting: how to measure, and where the databases lie meanwhile."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.app import app
from runtime.app import Deployment
from runtime.errors import ConfigurationError
from runtime.job import Job

PREFILL_AT_ONCE = 5000
ROWS = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How to measure."""

    jobs: int
    workers: int
    """Runners a process."""
    folder: Path
    """For whatever a measurement writes; removed afterwards."""
    db: str | None = None
    """The database for all samples; None: each has a new one in `folder`."""
    durable: bool = True
    processes: int = 1
    rounds: int = 3
    """How often each side of a comparison is measured, in turns."""
    rows: tuple[int, ...] = ROWS
    """How many rows lie in the queue, where that is what is varied."""
    own_jobs: bool = False
    """Whether orders are also timed beside the jobs that they themselves make."""
    batch: int = 100
    """Jobs in one call, where they share one."""
    peers: tuple[str, ...] = ()
    """Which other queues; empty: all."""
    peers_folder: Path = Path(".bench-peers")
    """Where their virtual environments are."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.db is None else self.db.partition(":")[0]

    @property
    def durability(self) -> str:
        """As the command's option spells it."""
        return "full" if self.durable else "normal"

    def place(self) -> str:
        """The URL for one sample: a database in which nothing waits."""
        return self.db or f"sqlite:///{tempfile.mkdtemp(dir=self.folder)}/bench.db"

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Deployment]:
        """Open a database as the measured processes do."""
        async with app.open(url, durable=self.durable) as deployment:
            yield deployment

    async def check(self) -> None:
        """Where a database was given, nothing may wait in it.

        Raises:
            ConfigurationError: something does.
        """
        if self.db is None:
            return
        async with self.open(self.db) as deployment:
            stats = await deployment.queue.stats()
        if stats.pending or stats.processing or stats.scheduled:
            raise ConfigurationError(f"{self.db} holds unfinished jobs; give an empty database")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in the working directory, on a real disk, removed afterwards."""
    folder = tempfile.mkdtemp(prefix=".bench-", dir=Path.cwd())
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def prefill(deployment: Deployment, job: Job, count: int) -> None:
    """Store the same job `count` times."""
    for start in range(0, count, PREFILL_AT_ONCE):
        await deployment.queue.enqueue_many([job] * min(PREFILL_AT_ONCE, count - start))
