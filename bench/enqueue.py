"""Enqueues a second, each durable before the next: alone, by many tasks at once, and in bulk."""

import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from bench.app import Noop
from bench.commits import commits, commits_by_thread
from bench.measurement import Measurement, alternate, ratio
from bench.setting import PREFILL_AT_ONCE, Setting, prefill
from runtime.app import Deployment

TASKS = 64
BULK = 10
"""So many times as many jobs where a whole transaction of them is stored at once."""


async def measure(setting: Setting) -> list[Measurement]:
    """No worker runs; each way stores jobs in a database of its own."""
    ways = {
        "enqueue_alone": (alone, 1, "one after the other, each committed first"),
        "enqueue_together": (together, 1, f"{TASKS} tasks at once, commits shared"),
        "enqueue_many": (many, BULK, f"{PREFILL_AT_ONCE} in a transaction"),
    }
    sides = {name: _side(setting, act, setting.jobs * times) for name, (act, times, _) in ways.items()}
    bare = {"bare_commits": _bare(setting), "bare_commits_by_thread": _bare_by_thread(setting)}
    runs = await alternate(setting.rounds, {**bare, **sides})
    return [
        *(
            Measurement(
                metric=name,
                value=statistics.median(runs[name]),
                unit="commits/s",
                says=f"one row in a bare SQLite, each committed first (bench/commits.py): what {says} allows",
                more={"workers": 0, "runs": runs[name]},
            )
            for name, says in zip(bare, ("the disk", "it with a thread of trio's"), strict=True)
        ),
        *(
            Measurement(
                metric=name,
                value=statistics.median(runs[name]),
                unit="jobs/s",
                says=f"jobs of type noop, {says}",
                more={
                    "ratioToBareCommits": ratio(runs[name], runs["bare_commits"]),
                    "ratioToBareCommitsByThread": ratio(runs[name], runs["bare_commits_by_thread"]),
                    "stored": setting.jobs * times,
                    "runs": runs[name],
                },
            )
            for name, (_, times, says) in ways.items()
        ),
    ]


def _bare(setting: Setting) -> Callable[[], Awaitable[float]]:
    async def sample() -> float:
        folder = Path(tempfile.mkdtemp(dir=setting.folder))
        return await trio.to_thread.run_sync(commits, folder, setting.jobs)

    return sample


def _bare_by_thread(setting: Setting) -> Callable[[], Awaitable[float]]:
    async def sample() -> float:
        return await commits_by_thread(Path(tempfile.mkdtemp(dir=setting.folder)), setting.jobs)

    return sample


def _side(
    setting: Setting, act: Callable[[Deployment, int], Awaitable[None]], jobs: int
) -> Callable[[], Awaitable[float]]:
    async def sample() -> float:
        async with setting.open(setting.place()) as deployment:
            began = trio.current_time()
            await act(deployment, jobs)
            return jobs / (trio.current_time() - began)

    return sample


async def alone(deployment: Deployment, jobs: int) -> None:
    """One after the other."""
    for _ in range(jobs):
        await deployment.queue.enqueue(Noop())


async def together(deployment: Deployment, jobs: int, tasks: int = TASKS) -> None:
    """So many tasks, each one after the other."""
    async with trio.open_nursery() as nursery:
        for task in range(tasks):
            nursery.start_soon(alone, deployment, len(range(task, jobs, tasks)))


async def many(deployment: Deployment, jobs: int) -> None:
    """In transactions of thousands."""
    await prefill(deployment, Noop(), jobs)
