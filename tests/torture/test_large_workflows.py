"""Large workflows cost by their jobs: ten times as many take ten times as long, on each database.

Found here: a join that PostgreSQL did row by row, since it could not know how many rows are told; a cast
that it did anew for each row compared; a counter written once a job. Each took a minute for a second's work.
"""

import time
from dataclasses import replace

import pytest
import trio

from runtime.app import App
from runtime.errors import Discard
from runtime.flow import chain, group
from runtime.job import Job
from runtime.worker.options import WorkerOptions
from runtime.worker.worker import Worker

pytestmark = [pytest.mark.slow, pytest.mark.torture]

app = App("large")
LEEWAY, MORE_ROUNDS = 2.5, 2
"""How much more a job may cost among ten times as many: the machine does other things too."""


class Good(Job, type="good"):
    """Completes."""


class Bad(Job, type="bad"):
    """Fails."""


@app.handler()
async def good(job: Good) -> None: ...


@app.handler()
async def bad(job: Bad) -> None:  # noqa: ASYNC124
    raise Discard("told to")


SHAPES = {
    "fan-in": (10_000, lambda number: chain(group(*[Good()] * (number - 1)), Good())),
    "fan-out": (10_000, lambda number: chain(Good(), group(*[Good()] * (number - 1)))),
    "chain": (1_000, lambda number: chain(*[Good()] * number)),
    "fan-out of a failure": (10_000, lambda number: chain(Bad(), group(*[Good()] * (number - 1)))),
    "chain of a failure": (1_000, lambda number: chain(Bad(), *[Good()] * (number - 1))),
}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/large.db"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_job_costs_the_same_in_a_workflow_of_ten_times_as_many(url, shape, measured):
    number, make = SHAPES[shape]

    async def cost(number: int) -> dict[str, float]:
        """Microseconds a job, for each thing that is done to all."""
        async with app.open(url) as deployment:
            queue, took = deployment.queue, {}
            began = time.perf_counter()

            def lap(what: str) -> None:
                nonlocal began
                took[what] = (time.perf_counter() - began) / number * 1e6
                began = time.perf_counter()

            workflow = await queue.enqueue(make(number))
            lap("enqueue")
            await Worker(deployment, replace(WorkerOptions(), drain=True)).run(trio.Event())
            lap("run")
            ended = await queue.workflow(workflow.id)
            bad = "failure" in shape
            assert (ended.completed, ended.failed, ended.cancelled) == (
                (0, 1, number - 1) if bad else (number, 0, 0)
            )
            if bad:
                began = time.perf_counter()
                assert (await queue.retry_workflow(workflow.id)).unfinished == number
                lap("retry")
                assert (await queue.cancel_workflow(workflow.id)).cancelled == number
                lap("cancel")
            return took

    trio.run(cost, number // 10)  # what is done once a process, and once a connection
    small, large = trio.run(cost, number // 10), trio.run(cost, number)
    for _ in range(MORE_ROUNDS):  # whatever else the machine does only adds: the least is the nearest
        if not too_much(small, large):
            break
        small = least(small, trio.run(cost, number // 10))
        large = least(large, trio.run(cost, number))

    for what, microseconds in large.items():
        measured(f"{what} a job of {number}", microseconds, "µs")
    assert not too_much(small, large), (small, large)


def too_much(small: dict[str, float], large: dict[str, float]) -> list[str]:
    """What costs more, a job, where there are ten times as many."""
    return [what for what, microseconds in large.items() if microseconds >= LEEWAY * small[what] + 50]


def least(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """The lesser of each."""
    return {what: min(microseconds, other[what]) for what, microseconds in one.items()}
