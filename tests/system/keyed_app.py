"""An application whose jobs have keys, beside others: one at a time of each user, all noted."""

import time
from itertools import pairwise

import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.per_key import PerKey
from tests.system.torture_app import note

app = App("keyed")


class Move(Job, type="move"):
    """Of a user, who makes one at a time."""

    user: str
    seconds: float = 0.003


class Call(Job, type="call"):
    """Starts so often a second, whoever runs it."""


class Plain(Job, type="plain"):
    """Without any limit."""


@app.handler(per_key=PerKey[Move](lambda job: job.user, concurrency=1))
async def move(job: Move, ctx: Context) -> None:
    began = time.monotonic()
    await trio.sleep(job.seconds)
    note("moved", ctx, user=job.user, began=str(began))


@app.handler(rate="1000/s:50")
async def call(_job: Call) -> None:  # noqa: ASYNC124
    """Do nothing."""


@app.handler()
async def plain(_job: Plain) -> None:  # noqa: ASYNC124
    """Do nothing."""


def overlaps(notes) -> list[str]:
    """The users of whom two jobs ran at once, as the notes «moved» tell."""
    runs = {}
    for line in notes:
        runs.setdefault(line["user"], []).append((float(line["began"]), line["at"]))
    return [
        user
        for user, spans in runs.items()
        if any(end > start for (_, end), (start, _) in pairwise(sorted(spans)))
    ]
