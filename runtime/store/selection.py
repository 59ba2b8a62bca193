"""Selection: which due jobs start next.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.model.batching import NO_ROOMS, Places, Room, takeable
from runtime.model.records import ClaimedJob
from runtime.store.lanes import KeyOf
from runtime.store.outlook import Arm
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
    reserved_for: int = 0
    """Of lower priority than this at most `unreserved` may be taken."""
    unreserved: int = 0
    keys: Mapping[str, KeyOf] = field(default_factory=dict)
    """By type: to which key a payload belongs, where each has limits of its own."""
    rooms: Mapping[str, Room] = field(default_factory=lambda: NO_ROOMS)
    """What it can take of the types that it runs in batches, beyond `most`."""

    def most_of(self, job_type: str) -> int:
        """How many jobs of a type it can take."""
        room = self.rooms.get(job_type)
        return self.most if room is None else takeable(room, min(self.free, self.most))

    def is_urgent(self, priority: int) -> bool:
        """Whether a job of this priority may have every runner."""
        return priority >= self.reserved_for


Rank = tuple[float, float]
"""Smallest first; then comes the one with the smaller id."""


def may_take(request: ClaimRequest, arms: Iterable[Arm]) -> list[Arm]:
    """What the worker may take from."""
    return [
        arm
        for arm in arms
        if arm.type in request.types and request.min_priority <= arm.priority <= request.max_priority
    ]


def allow(request: ClaimRequest, arms: Sequence[Arm]) -> dict[str, int]:
    """How many jobs of each type may be looked at, before any limit."""
    allowance = dict.fromkeys((arm.type for arm in arms), request.most)
    for job_type in allowance.keys() & request.rooms.keys():
        most = request.most_of(job_type)
        allowance[job_type] = most + 1 if most or request.most else 0
    return allowance


class Order(NamedTuple):
    """Which jobs start next."""

    shares: dict[Arm, int]
    """How many of the first jobs of each arm."""
    places: dict[int, int]
    """The place of each job, where there are several arms; within one they come in order."""
    opened: int = 0
    """Batches that begin to gather, each in a runner."""
    blocked: bool = False
    """Whether a batch is next for which there is no free runner."""


def order(
    tx: StoreTransaction, request: ClaimRequest, arms: list[Arm], allowance: Mapping[str, int]
) -> Order:
    """Merge the arms; `allowance` says how many of each type at most."""
    if len(arms) <= 1:
        return Order({arm: min(_share(request, arm), allowance[arm.type]) for arm in arms}, {})
    merged = heapq.merge(*(_ranks(tx, arm, allowance[arm.type], request.aging) for arm in arms))
    if request.rooms:
        return _order_in_batches(request, merged, allowance)
    left, low = dict(allowance), request.unreserved
    order = Order({}, {})
    for _, job_id, arm in merged:
        urgent = request.is_urgent(arm.priority)
        if left[arm.type] > 0 and (urgent or low > 0):
            left[arm.type] -= 1
            low -= not urgent
            order.shares[arm] = order.shares.get(arm, 0) + 1
            order.places[job_id] = len(order.places)
        if len(order.places) == request.most:
            break
    return order


def _share(request: ClaimRequest, arm: Arm) -> int:
    """How many of an arm where it is the only one."""
    most = request.most if request.is_urgent(arm.priority) else min(request.most, request.unreserved)
    room = request.rooms.get(arm.type)
    return most if room is None else takeable(room, min(request.free, most))


def _order_in_batches(
    request: ClaimRequest, merged: Iterable[tuple[Rank, int, Arm]], allowance: Mapping[str, int]
) -> Order:
    """`order` where jobs of some types share a runner."""
    places = Places(request.free, request.most, allowance, request.rooms, request.unreserved)
    shares: dict[Arm, int] = {}
    ranks: dict[int, int] = {}
    for _, job_id, arm in merged:
        if places.take(arm.type, urgent=request.is_urgent(arm.priority)):
            shares[arm] = shares.get(arm, 0) + 1
            ranks[job_id] = len(ranks)
        if places.spent:
            break
    return Order(shares, ranks, places.opened, places.blocked)


def _ranks(tx: StoreTransaction, arm: Arm, most: int, aging: float) -> Iterator[tuple[Rank, int, Arm]]:
    advantage = arm.priority * aging

    def ranked(job_id: int, scheduled_at: float) -> tuple[Rank, int, Arm]:
        rank = scheduled_at - advantage if aging else float(-arm.priority)
        return (rank, scheduled_at), job_id, arm

    return tx.each("ready_in_arm", ranked, type=arm.type, priority=arm.priority, most=most)


def take(tx: StoreTransaction, request: ClaimRequest, order: Order) -> list[ClaimedJob]:
    """Claim the first jobs of each arm; return them in the order in which they start."""
    jobs: list[ClaimedJob] = []
    for arm, share in order.shares.items():
        ready = tx.all(
            "ready_jobs",
            lambda *row: row,
            type=arm.type,
            priority=arm.priority,
            oldest=arm.oldest,
            most=share,
            worker=request.worker,
            now=tx.now,
        )
        jobs += [ClaimedJob._make((*job, tx.now, None, arm.priority)) for job in ready]
    if len(jobs) == 1:  # a list of one costs three times as much
        tx.change("claim_job", id=jobs[0].id, worker=request.worker, now=tx.now)
    elif jobs:
        ids = json.dumps([job.id for job in jobs])
        tx.change("claim_jobs", ids=ids, worker=request.worker, now=tx.now)
    if order.places:
        last = len(order.places)
        jobs.sort(key=lambda job: order.places.get(job.id, last))
    return jobs
