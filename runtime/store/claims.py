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
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from runtime.model.outcomes import Cancelled
from runtime.model.records import ClaimedJob, Status
from runtime.store import limits
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
    """With the few that may wait behind them; a rate-limited type never waits there."""
    min_priority: int
    max_priority: int
    aging: float
    """Seconds of waiting that are worth a point of priority; 0: no aging."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker took."""

    jobs: list[ClaimedJob]
    ready_at: float | None
    """When a type that was left out for want of tokens has one again."""


@dataclass(frozen=True, slots=True)
class _Arm:
    type: str
    priority: int
    oldest: float


Ready = tuple[float, float, int, str, str, int, int, int, int]
"""Rank, due time and id, which order it; then type, payload, attempts, max_attempts, crashes, claims."""


def claim(tx: StoreTransaction, request: ClaimRequest) -> Claim:
    """Take the jobs that start next, at most `request.most`."""
    arms = _open_arms(tx, request)
    in_force = limits.in_force(tx)
    limited = {arm.type for arm in arms} & in_force.keys()
    allowance = dict.fromkeys((arm.type for arm in arms), request.most)
    ready_at: list[float] = []
    for job_type in limited:
        limit = in_force[job_type]
        assert limit.rate is not None
        bucket = limit.bucket.refilled(limit.rate, tx.now)
        allowance[job_type] = min(request.free, bucket.whole())
        if not bucket.whole():
            ready_at.append(bucket.ready_at(limit.rate, tx.now))
    chosen = _choose(tx, request, [arm for arm in arms if allowance[arm.type] > 0], allowance)
    for job_type in limited:
        limits.take(tx, in_force[job_type], sum(job[3] == job_type for job in chosen))
    return Claim(_mark(tx, request.worker, chosen), min(ready_at, default=None))


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


def _choose(
    tx: StoreTransaction, request: ClaimRequest, arms: list[_Arm], allowance: dict[str, int]
) -> list[Ready]:
    """The next jobs over all arms; `allowance` says how many of each type at most."""
    merged = heapq.merge(*(_ready(tx, arm, allowance[arm.type], request.aging) for arm in arms))
    if len(arms) == len({arm.type for arm in arms}):
        return list(islice(merged, request.most))  # an arm cannot exceed its type's allowance
    left = dict(allowance)
    chosen: list[Ready] = []
    for job in merged:
        if len(chosen) == request.most:
            break
        if left[job[3]] > 0:
            left[job[3]] -= 1
            chosen.append(job)
    return chosen


def _ready(tx: StoreTransaction, arm: _Arm, most: int, aging: float) -> Iterator[Ready]:
    advantage = arm.priority * aging

    def ready(
        job_id: int,
        job_type: str,
        payload: str,
        attempts: int,
        max_attempts: int,
        crashes: int,
        claims: int,
        priority: int,
        scheduled_at: float,
    ) -> Ready:
        rank = scheduled_at - advantage if aging else float(-priority)
        return rank, scheduled_at, job_id, job_type, payload, attempts, max_attempts, crashes, claims

    return tx.each("ready_in_arm", ready, type=arm.type, priority=arm.priority, most=most)


def _mark(tx: StoreTransaction, worker: str, chosen: list[Ready]) -> list[ClaimedJob]:
    if not chosen:
        return []
    tx.many("claim_job", [{"id": job[2], "worker": worker, "now": tx.now} for job in chosen])
    for job_type, number in Counter(job[3] for job in chosen).items():
        tx.count(job_type, Status.PENDING, -number)
        tx.count(job_type, Status.PROCESSING, number)
    return [
        ClaimedJob(
            id=job_id,
            type=job_type,
            payload=payload,
            attempts=attempts,
            max_attempts=max_attempts,
            crashes=crashes,
            claims=claims + 1,
            locked_at=tx.now,
        )
        for _, _, job_id, job_type, payload, attempts, max_attempts, crashes, claims in chosen
    ]
