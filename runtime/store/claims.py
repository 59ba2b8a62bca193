"""Claims: which due jobs a worker takes, and giving back what it did not start.

Jobs start in order of priority with aging: the one with the smallest
`scheduled_at - priority * aging`. The index holds one arm for each type and
priority, in order of due time; the arms are merged lazily, so a claim costs by
the jobs it takes and the arms there are, never by the jobs that wait. A type
that may not start now is an arm left out: a million of its rows cost nothing.

Rejected: one stored key `due - priority * aging` for a single index. It fixes
aging when a job is stored, cannot say how old the oldest job is, and makes a
worker with `--min-priority` walk over every job that it may not take.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.model.batching import NO_ROOMS, Places, Room, takeable
from runtime.model.lifecycle import runs_alone
from runtime.model.outcomes import Cancelled
from runtime.model.records import ClaimedJob, Status
from runtime.store import aftermath, deadlines, limits
from runtime.store.composition import Ended
from runtime.store.subjects import DUE, FINISHED
from runtime.store.transaction import StoreTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """What a worker may and can take."""

    worker: str
    types: frozenset[str]
    free: int
    """Runners that would start a job at once."""
    most: int
    """With the few that may wait behind them."""
    min_priority: int
    max_priority: int
    aging: float
    """Seconds of waiting that are worth a point of priority; 0: no aging."""
    rooms: Mapping[str, Room] = field(default_factory=lambda: NO_ROOMS)
    """What it can take of the types that it runs in batches, beyond `most`."""

    def most_of(self, job_type: str) -> int:
        """How many jobs of a type it can take."""
        room = self.rooms.get(job_type)
        return self.most if room is None else takeable(room, self.free)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker took."""

    jobs: list[ClaimedJob]
    left: bool
    """Whether there may be more for runners that become free."""
    ready_at: float | None
    """When a type that was left out for want of tokens has one again."""
    limited: frozenset[str] = frozenset()
    """The types with a rate limit: their jobs start soon after they were claimed, or not at all."""


class _Arm(NamedTuple):
    type: str
    priority: int
    oldest: float


Rank = tuple[float, float]
"""Smallest first; then comes the one with the smaller id."""


def claim(tx: StoreTransaction, request: ClaimRequest) -> Claim:
    """Take the jobs that start next, at most `request.most`."""
    tx.expect(("list_paused_types", {}), ("ready_arms", {}), ("list_limits", {}), ("any_deadline", {}))
    arms = _open_arms(tx, request)
    in_force = limits.in_force(tx)
    dated = deadlines.there_are_any(tx)
    limited = {arm.type for arm in arms} & in_force.keys()
    allowance = _allowance(request, arms)
    for job_type in sorted(limited):  # in one order, so that no two claims deadlock
        limit = in_force[job_type]
        if limit.whole(tx.now):  # some to take: others may be taking, too
            limit = in_force[job_type] = limits.hold(tx, limit)
        most = allowance[job_type]
        free = most if job_type in request.rooms else request.free
        allowance[job_type] = limits.startable(limit, free, most, tx.now)
    order = _order(tx, request, [arm for arm in arms if allowance[arm.type] > 0], allowance)
    jobs = _take(tx, request, order)
    for job_type, number in Counter(job.type for job in jobs).items():
        tx.count(job_type, Status.PENDING, -number)
        tx.count(job_type, Status.PROCESSING, number)
    if dated:
        jobs = _in_time(tx, request.worker, jobs)
    jobs = _with_one_suspect(tx, request.worker, jobs)
    taken = Counter(job.type for job in jobs)
    full = (taken[name] >= request.most_of(name) for name in allowance.keys() & request.rooms.keys())
    left = len(jobs) >= request.most or order.blocked or any(full)
    ready_at: list[float] = []
    for job_type in limited:
        again_at = limits.take(tx, in_force[job_type], taken[job_type])
        if again_at is not None:
            ready_at.append(again_at)
        elif taken[job_type] == allowance[job_type]:
            left = True
    return Claim(jobs, left, min(ready_at, default=None), frozenset(limited))


def _in_time(tx: StoreTransaction, worker: str, jobs: list[ClaimedJob]) -> list[ClaimedJob]:
    """Without those that may have run out of time: these are looked at, and start another time if at all."""
    moments = deadlines.claimed(tx, [job.id for job in jobs])
    late = [job for job in jobs if moments.get(job.id) == 0]
    if late:
        release(tx, worker, late)
        deadlines.expire_these(tx, [job.id for job in late])
    return [job._replace(end_by=moments.get(job.id)) for job in jobs if moments.get(job.id) != 0]


def _with_one_suspect(tx: StoreTransaction, worker: str, jobs: list[ClaimedJob]) -> list[ClaimedJob]:
    """Of jobs that run alone keep the first: the death of a worker with two proves nothing of either."""
    suspects = [job for job in jobs if runs_alone(job)]
    if len(suspects) < 2:
        return jobs
    release(tx, worker, suspects[1:])
    return [job for job in jobs if job not in suspects[1:]]


def release(tx: StoreTransaction, worker: str, jobs: Sequence[ClaimedJob]) -> None:
    """Give back jobs that were claimed and not started, as if nothing had been.

    One that an operator asked to cancel meanwhile is cancelled instead.
    """
    for job in jobs:
        status = tx.one("release_job", Status, id=job.id, worker=worker, claims=job.claims, now=tx.now)
        if status is None:
            continue
        tx.count(job.type, Status.PROCESSING, -1)
        tx.count(job.type, status)
        if status is Status.CANCELLED:
            tx.note(job.type, Cancelled.name)
            tx.announce(FINISHED)
            aftermath.ended(tx, [Ended(job.id, job.type, status)])
        else:
            tx.announce(DUE)


def due_types(tx: StoreTransaction, min_priority: int, max_priority: int) -> frozenset[str]:
    """The types with a due job of such priority that are not paused."""
    paused = set(tx.all("list_paused_types", str))
    arms = tx.all("ready_arms", _Arm)
    return frozenset(arm.type for arm in arms if min_priority <= arm.priority <= max_priority) - paused


def _open_arms(tx: StoreTransaction, request: ClaimRequest) -> list[_Arm]:
    paused = set(tx.all("list_paused_types", str))
    return [
        arm
        for arm in tx.all("ready_arms", _Arm)
        if arm.type in request.types
        and arm.type not in paused
        and request.min_priority <= arm.priority <= request.max_priority
    ]


def _allowance(request: ClaimRequest, arms: Sequence[_Arm]) -> dict[str, int]:
    """How many jobs of each type may be looked at, before any limit."""
    allowance = dict.fromkeys((arm.type for arm in arms), request.most)
    for job_type in allowance.keys() & request.rooms.keys():
        most = request.most_of(job_type)
        allowance[job_type] = most + 1 if most or request.most else 0
    return allowance


class _Order(NamedTuple):
    """Which jobs start next."""

    shares: dict[_Arm, int]
    """How many of the first jobs of each arm."""
    places: dict[int, int]
    """The place of each job, where there are several arms; within one they come in order."""
    blocked: bool = False
    """Whether a batch is next for which there is no free runner."""


def _order(
    tx: StoreTransaction, request: ClaimRequest, arms: list[_Arm], allowance: dict[str, int]
) -> _Order:
    """Merge the arms; `allowance` says how many of each type at most."""
    if len(arms) <= 1:
        shares = {arm: min(request.most_of(arm.type), allowance[arm.type]) for arm in arms}
        return _Order(shares, {})
    merged = heapq.merge(*(_ranks(tx, arm, allowance[arm.type], request.aging) for arm in arms))
    if request.rooms:
        return _order_in_batches(request, merged, allowance)
    left = dict(allowance)
    order = _Order({}, {})
    for _, job_id, arm in merged:
        if left[arm.type] > 0:
            left[arm.type] -= 1
            order.shares[arm] = order.shares.get(arm, 0) + 1
            order.places[job_id] = len(order.places)
        if len(order.places) == request.most:
            break
    return order


def _order_in_batches(
    request: ClaimRequest, merged: Iterable[tuple[Rank, int, _Arm]], allowance: Mapping[str, int]
) -> _Order:
    """`_order` where jobs of some types share a runner."""
    places = Places(request.free, request.most, allowance, request.rooms)
    shares: dict[_Arm, int] = {}
    order: dict[int, int] = {}
    for _, job_id, arm in merged:
        if places.take(arm.type):
            shares[arm] = shares.get(arm, 0) + 1
            order[job_id] = len(order)
        if places.spent:
            break
    return _Order(shares, order, places.blocked)


def _ranks(tx: StoreTransaction, arm: _Arm, most: int, aging: float) -> Iterator[tuple[Rank, int, _Arm]]:
    advantage = arm.priority * aging

    def ranked(job_id: int, scheduled_at: float) -> tuple[Rank, int, _Arm]:
        rank = scheduled_at - advantage if aging else float(-arm.priority)
        return (rank, scheduled_at), job_id, arm

    return tx.each("ready_in_arm", ranked, type=arm.type, priority=arm.priority, most=most)


def _take(tx: StoreTransaction, request: ClaimRequest, order: _Order) -> list[ClaimedJob]:
    """Claim the first jobs of each arm; return them in the order in which they start."""
    jobs: list[ClaimedJob] = []
    for arm, share in order.shares.items():
        ready = tx.one(
            "ready_jobs",
            json.loads,
            type=arm.type,
            priority=arm.priority,
            most=share,
            worker=request.worker,
            now=tx.now,
        )
        jobs += [ClaimedJob._make((*job, tx.now, None)) for job in ready or ()]
    if jobs:
        ids = json.dumps([job.id for job in jobs])
        tx.run("claim_jobs", ids=ids, worker=request.worker, now=tx.now)
    if order.places:
        last = len(order.places)
        jobs.sort(key=lambda job: order.places.get(job.id, last))
    return jobs
