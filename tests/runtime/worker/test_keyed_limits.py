"""Limits of types and of keys under a whole worker: held in every window, nobody starves; reservations."""

from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.job import Job
from runtime.model.records import Priority
from runtime.per_key import PerKey
from runtime.store import claims, workers
from runtime.store.selection import ClaimRequest
from runtime.store.workers import Beat
from runtime.testing import alone, open_testing, running_worker
from runtime.worker.options import Reservation

STALE_AFTER = 30.0


class Call(Job, type="call"):
    """Of a user, who may make one each second."""

    user: int


class Move(Job, type="move"):
    """Of a user, who makes one at a time."""

    user: str
    name: str = ""
    seconds: float = 1.0


class Plain(Job, type="plain"):
    seconds: float = 0.0


@dataclass
class Diary:
    """Who ran when."""

    starts: defaultdict[object, list[float]] = field(default_factory=lambda: defaultdict(list))
    running: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    most: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    names: list[str] = field(default_factory=list)


def make_app(seconds: float = 0.01) -> App:
    @asynccontextmanager
    async def services(_deployment):
        yield [Diary()]

    app = App("keyed", services=services)

    @app.handler(per_key=PerKey[Call](lambda job: job.user, rate="1/s:1"))
    async def call(job: Call, ctx: Context) -> None:
        ctx.service(Diary).starts[job.user].append(ctx.now())
        await trio.sleep(seconds)

    @app.handler(per_key=PerKey[Move](lambda job: job.user, concurrency=1))
    async def move(job: Move, ctx: Context) -> None:
        diary = ctx.service(Diary)
        diary.names.append(job.name)
        diary.running[job.user] += 1
        diary.most[job.user] = max(diary.most[job.user], diary.running[job.user])
        await trio.sleep(job.seconds)
        diary.running[job.user] -= 1

    @app.handler()
    async def plain(job: Plain, ctx: Context) -> None:
        ctx.service(Diary).starts["plain"].append(ctx.now())
        await trio.sleep(job.seconds)

    return app


@pytest.fixture
async def keyed(autojump_clock, place):
    async with open_testing(make_app(), place) as opened:
        yield opened


@pytest.fixture
def diary(keyed) -> Diary:
    return keyed.service(Diary)


@pytest.mark.slow
async def test_a_thousand_users_keep_their_rates_with_fifty_runners_and_nobody_starves(autojump_clock, path):
    async with open_testing(make_app(), path) as deployment:
        await deployment.queue.enqueue_many([Call(user=user) for user in range(1000) for _ in range(3)])
        async with running_worker(deployment, replace(alone(), workers=50)):
            await trio.sleep(3)
        starts = deployment.service(Diary).starts

    assert [len(starts[user]) for user in range(1000)] == [3] * 1000, (
        "two seconds at their rate, and a little"
    )
    for one in starts.values():
        assert all(later - earlier >= 1 - 0.03 for earlier, later in pairwise(one)), one


async def test_jobs_of_one_key_never_overlap_and_the_urgent_of_a_key_come_first(autojump_clock, keyed, diary):
    for number, priority in enumerate([Priority.NORMAL, Priority.LOW, Priority.HIGH, Priority.NORMAL]):
        for user in ("ada", "bob"):
            await keyed.queue.enqueue(Move(user=user, name=f"{user}{number}"), priority=priority)

    async with running_worker(keyed):
        await trio.sleep(4.1)

    assert diary.most == {"ada": 1, "bob": 1}
    assert [name for name in diary.names if "ada" in name] == ["ada2", "ada0", "ada3", "ada1"]
    assert (await keyed.queue.stats()).completed == 8, "the next starts when the one before ends"


async def test_the_places_of_a_dead_worker_are_free_again(autojump_clock, keyed, diary):
    await keyed.queue.enqueue_many([Move(user="ada", name="first"), Move(user="ada", name="second")])
    dead = Beat(
        id="dead", host="h", pid=1, boot="virtual", beat=keyed.clock.monotonic(), stale_after=STALE_AFTER,
        runners=1, types=("move",),
    )  # fmt: skip
    await keyed.db.write(workers.register, dead)
    request = ClaimRequest(
        worker="dead", types=frozenset({"move"}), free=1, most=1, min_priority=0, max_priority=100, aging=0,
        keys={"move": lambda _payload: '"ada"'},
    )  # fmt: skip
    (held,) = (await keyed.db.write(claims.claim, request)).jobs

    async with running_worker(keyed, replace(alone(), poll=1, stale_after=STALE_AFTER)):
        await trio.sleep(STALE_AFTER - 10)
        assert diary.names == [], "the dead one holds the only place"
        await trio.sleep(40)

    assert diary.names == ["first", "second"]
    assert diary.most == {"ada": 1}
    assert (await keyed.queue.job(held.id)).record.crashes == 1


async def test_a_flood_of_one_key_does_not_stop_another_type(autojump_clock, path):
    async with open_testing(make_app(), path) as deployment:
        diary = deployment.service(Diary)
        await deployment.queue.enqueue_many([Move(user="ada", seconds=60)] * 5000)
        await deployment.queue.enqueue(Plain())
        async with running_worker(deployment, replace(alone(), workers=4)):
            await trio.sleep(1)
            assert len(diary.starts["plain"]) == 1
            await deployment.queue.enqueue(Move(user="bob", name="bob"))
            await trio.sleep(1)
            assert diary.names[-1] == "bob"
        assert diary.most["ada"] == 1


async def test_a_burst_of_slow_jobs_never_takes_the_reserved_runners(autojump_clock, keyed, diary):
    options = replace(alone(), workers=4, reserve=Reservation(2, Priority.HIGH))
    await keyed.queue.enqueue_many([Plain(seconds=60)] * 20, priority=Priority.LOW)

    async with running_worker(keyed, options):
        await trio.sleep(100)
        assert len(diary.starts["plain"]) == 4, "two, and two after those"
        enqueued = [await keyed.queue.enqueue(Plain(seconds=1), priority=20) for _ in range(2)]
        await trio.sleep(0.01)
        urgent = diary.starts["plain"][4:]
        assert urgent == pytest.approx([record.created_at for record in enqueued], abs=0.01)
        await trio.sleep(1)
        assert (await keyed.queue.stats()).processing == 2, "what they have left stays reserved"
        await trio.sleep(200)
        assert all(later <= 2 for later in most_at_once(diary.starts["plain"][6:], 60))


def most_at_once(starts, seconds):
    """How many jobs of that length ran at each start."""
    return [sum(other <= start < other + seconds for other in starts) for start in starts]
