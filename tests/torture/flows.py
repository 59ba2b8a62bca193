"""Workflows under torture: parts whose names say how they must end, in shapes that say how many there are."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import trio

from runtime.app import App
from runtime.context import Context
from runtime.errors import Discard
from runtime.flow import Chain, chain, group, step
from runtime.job import Job
from runtime.model.retry import Retry
from tests.system.torture_app import note
from tests.torture.application import INVARIANTS, SCHEMAS, record_effect
from tests.torture.siege import Siege

app = App("flows", schemas=SCHEMAS, invariants=INVARIANTS)


class Part(Job, type="part"):
    """A part of a workflow, with one effect."""

    name: str = "done"
    """`broken` fails, and what is called `never` must not run; all others complete."""
    seconds: float = 0.05
    adds: int = 0
    """Parts that it adds when it completes, for which its dependants wait."""


@app.handler(retry=Retry(base=0.2, cap=1))
async def part(job: Part, ctx: Context) -> int:
    """Returns how many parents have handed on a result."""
    note("start", ctx, name=job.name)
    try:
        await trio.sleep(job.seconds)
        if job.name == "broken":
            raise Discard("told to")
        for _ in range(job.adds):
            ctx.enqueue(Part(), awaited=True)
        ctx.write(record_effect, ctx.job_id)
        return sum(result.value is not None for result in await ctx.results())
    finally:  # cancelled by an operator, it has ended too
        note("end", ctx, name=job.name)


ENDS = {"broken": "failed", "never": "cancelled"}


@dataclass(frozen=True)
class Shape:
    """A workflow, and how many of its jobs must have completed, failed and been cancelled."""

    make: Callable[[], Chain]
    completed: int
    failed: int = 0
    cancelled: int = 0


def _nested() -> Chain:
    good = chain(Part(), group(Part(), Part(adds=2)))
    bad = chain(Part(name="broken"), Part(name="never"), group(Part(name="never"), Part(name="never")))
    return chain(Part(), group(good, bad), Part(name="never"), step(Part(), on_failure="run"))


SHAPES = {
    "diamond": Shape(lambda: chain(Part(), group(Part(), Part()), Part()), 4),
    "fan-in": Shape(lambda: chain(group(*[Part() for _ in range(12)]), Part(adds=1), Part()), 15),
    "chain": Shape(lambda: chain(*[Part(seconds=0.02) for _ in range(8)]), 8),
    "nested": Shape(_nested, 7, 1, 4),
}


def store(siege: Siege, times: int) -> None:
    """Enqueue each shape so many times."""

    async def enqueue(deployment: object) -> None:
        for _ in range(times):
            for name, shape in SHAPES.items():
                await deployment.queue.enqueue(shape.make(), name=name)  # type: ignore[attr-defined]

    siege.ask(enqueue)


def faults(siege: Siege) -> dict[str, list[object]]:
    """What has not ended as documented, after a drain; empty, and all is well."""
    names = {
        int(str(job)): json.loads(str(text))["name"]
        for job, text in siege.rows("SELECT id, payload FROM jobs")
    }
    kept = {str(job) for job, name in names.items() if name not in ENDS}
    siege.history.attempted |= kept
    siege.history.acknowledged |= kept
    found: dict[str, list[object]] = {**siege.verdict()}
    found["ended otherwise"] = [
        (job, names[int(str(job))], status)
        for job, status in siege.rows("SELECT id, status FROM jobs ORDER BY id")
        if status != ENDS.get(names[int(str(job))], "completed")
    ]
    counts = siege.rows("SELECT name, unfinished, completed, failed, cancelled FROM workflows ORDER BY id")
    found["counted otherwise"] = [
        row for row in counts
        if row[1:] != (0, (shape := SHAPES[str(row[0])]).completed, shape.failed, shape.cancelled)
    ]  # fmt: skip
    found["not handed on"] = siege.rows(NOT_HANDED_ON)
    found["too early"] = _too_early(siege)
    found["never"] = [each["job"] for each in siege.notes("start") if names[int(each["job"])] == "never"]
    return {what: rows for what, rows in found.items() if rows}


NOT_HANDED_ON = """
SELECT r.job_id, r.result FROM job_results AS r WHERE CAST(r.result AS integer) <> (
    SELECT COUNT(*) FROM job_parents AS p JOIN job_results AS theirs ON theirs.job_id = p.parent_id
    WHERE p.job_id = r.job_id
)
"""
"""Parts that heard of another number of results than their parents have."""


def _too_early(siege: Siege) -> list[object]:
    """Parts that started before one that they wait for had come to an end."""
    starts: dict[object, float] = {}
    ends: dict[object, float] = {}
    for each in siege.notes("start"):
        starts.setdefault(each["job"], each["at"])
    for each in siege.notes("end"):
        ends.setdefault(each["job"], each["at"])
    edges = siege.rows("SELECT parent_id, job_id FROM job_parents")
    return [
        (parent, job)
        for parent, job in edges
        if job in starts and parent in starts and starts[job] < ends.get(parent, float("inf"))
    ]
