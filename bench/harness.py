"""What every measurement needs: a place for the database, the worker processes, and how a result is said."""

import json
import math
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import trio

from bench.app import app
from runtime.app import Deployment
from runtime.cli.failures import explain
from runtime.errors import ConfigurationError
from runtime.job import Job

PREFILL_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How to measure."""

    jobs: int
    workers: int
    """Runners a process."""
    db: str
    durable: bool
    processes: int = 1

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Deployment]:
        """Open the database; it must hold nothing that waits.

        Raises:
            ConfigurationError: it does.
        """
        async with app.open(self.db, durable=self.durable) as deployment:
            stats = await deployment.queue.stats()
            if stats.pending or stats.processing or stats.scheduled:
                raise ConfigurationError(f"{self.db} holds unfinished jobs; give an empty database")
            yield deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One figure and what it means."""

    metric: str
    value: float
    unit: str
    says: str
    """One sentence: what was measured from where to where."""
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one worker process said: moments on CLOCK_MONOTONIC, in seconds."""

    began: float
    """It was ready to claim."""
    ended: float
    """Nothing was due any more and every ending was committed."""
    processor: float
    """Seconds of processor time, start-up included."""


@contextmanager
def database(given: str | None) -> Iterator[str]:
    """The URL given; or a new database in the working directory, on a real disk, removed afterwards."""
    if given is not None:
        yield given
        return
    folder = tempfile.mkdtemp(prefix=".bench-", dir=Path.cwd())
    try:
        yield f"sqlite:///{folder}/bench.db"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def prefill(deployment: Deployment, job: Job, count: int) -> None:
    """Store the same job `count` times."""
    for start in range(0, count, PREFILL_AT_ONCE):
        await deployment.queue.enqueue_many([job] * min(PREFILL_AT_ONCE, count - start))


async def drain(setting: Setting, job: Job) -> list[Window]:
    """Fill the queue, then run worker processes until nothing is due; what each of them said.

    Raises:
        RuntimeError: not every job was completed, so there is nothing to report.
    """
    async with setting.open() as deployment:
        await prefill(deployment, job, setting.jobs)
        before = (await deployment.queue.stats()).completed
    windows: list[Window] = []
    async with trio.open_nursery() as nursery:
        for _ in range(setting.processes):
            nursery.start_soon(_drain_one, setting, windows)
    async with setting.open() as deployment:
        completed = (await deployment.queue.stats()).completed - before
    if completed != setting.jobs:
        raise RuntimeError(f"{completed} of {setting.jobs} jobs were completed")
    return windows


async def _drain_one(setting: Setting, windows: list[Window]) -> None:
    done = await trio.run_process(worker_command(setting, drain=True), capture_stdout=True)
    windows.append(Window(**json.loads(done.stdout)))


def worker_command(setting: Setting, *, drain: bool) -> list[str]:
    """The command of one measured worker process."""
    options = {"db": setting.db, "workers": setting.workers, "durable": setting.durable, "drain": drain}
    return [sys.executable, "-m", "bench.worker", json.dumps(options)]


def rate(windows: Sequence[Window], jobs: int) -> float:
    """Jobs a second from the first process ready to the last one done."""
    return jobs / (max(window.ended for window in windows) - min(window.began for window in windows))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def run(
    measure: Callable[[Setting], Coroutine[object, object, list[Measurement]]],
    setting: Setting,
    *,
    as_json: bool,
) -> None:
    """Measure and report: for people first, unless only JSON is wanted; a JSON object a measurement last."""
    about = machine(Path(setting.db.partition("///")[2]).parent)
    try:
        found = trio.run(measure, setting)
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no figure to report
        code, line = explain(error)
        print(f"bench: {line}", file=sys.stderr)
        sys.exit(code)
    if not as_json:
        for item in found:
            print(f"{item.metric:<24} {item.value:>12,.2f} {item.unit:<10} {item.says}")
    for item in found:
        print(json.dumps(_report(item, setting, about)))


def _report(item: Measurement, setting: Setting, about: Mapping[str, str | float]) -> dict[str, object]:
    return {
        "metric": item.metric,
        "value": round(item.value, 4),
        "unit": item.unit,
        "jobs": setting.jobs,
        "workers": setting.workers,
        "processes": setting.processes,
        "db": setting.db.partition(":")[0],
        "durability": "full" if setting.durable else "normal",
        **{name: round(value, 4) for name, value in item.more.items()},
        "says": item.says,
        "machine": dict(about),
    }


def machine(folder: Path) -> dict[str, str | float]:
    """What a figure depends on: processors, versions, and how fast this disk makes a write durable."""
    return {
        "cpu": _processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "trio": trio.__version__,
        "fsyncMilliseconds": round(_fsync(folder) * 1000, 3),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def _fsync(folder: Path) -> float:
    """Median seconds of a 4 KiB write and fsync; without it no durable figure can be judged."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        taken = []
        for _ in range(50):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"\0" * 4096, 0)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)
