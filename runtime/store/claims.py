"""Claims: what a worker takes of the jobs that start next, as limits and deadlines allow, and giving it back.

Limits of types leave arms out (see `runtime/store/selection.py`); limits of keys park what was taken.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from runtime.db.base import Question
from runtime.model.batching import NO_ROOMS
from runtime.model.lifecycle import runs_alone
from runtime.model.outcomes import Cancelled
from runtime.model.records import ClaimedJob, Status
from runtime.store import aftermath, deadlines, lanes, limits
from runtime.store.composition import Ended
from runtime.store.outlook import Arm, look
from runtime.store.rows import held_job
from runtime.store.selection import ClaimRequest, allow, may_take, order, take
from runtime.store.subjects import DUE, FINISHED
from runtime.store.transaction import StoreTransaction
from runtime.store.type_limits import NOTHING, TypeBounds

ROUNDS = 8
"""How often a claim takes others for those it parked: a flood of one key is put aside in bounded steps."""


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
    flooded: bool = False
    """Whether jobs without room for their keys are still in front: look again at once."""


class _Round(NamedTuple):
    """What comes first, taken."""

    jobs: list[ClaimedJob]
    left: bool
    opened: int
    """Batches that begin to gather."""


class _Filled(NamedTuple):
    """What was taken, before limits of types are charged for it."""

    jobs: list[ClaimedJob]
    left: bool
    flooded: bool = False


def questions(worker: str) -> Sequence[Question]:
    """What `may_claim` and `claim` will ask: in one go, where each question is a round trip."""
    return ("keep_claimer", {"id": worker}), ("outlook", {})


def claim(tx: StoreTransaction, request: ClaimRequest) -> Claim:
    """Take the jobs that start next, at most `request.most`."""
    outlook = look(tx)
    arms, in_force, bounds = may_take(request, outlook.open_arms), outlook.rates, outlook.bounds
    limited = {arm.type for arm in arms} & in_force.keys()
    # Before the first rate is held, or a job that missed its deadline has its aftermath: see `lanes.enter`.
    if bounds and (limited or outlook.dated or any(arm.type in bounds for arm in arms)):
        lanes.enter(tx)
    allowance = allow(request, arms)
    for job_type in sorted(limited):  # in one order, so that no two claims deadlock
        limit = in_force[job_type]
        if limit.whole(tx.now):  # some to take: others may be taking, too
            limit = in_force[job_type] = limits.hold(tx, limit)
        most = allowance[job_type]
        free = most if job_type in request.rooms else request.free
        allowance[job_type] = limits.startable(limit, free, most, tx.now)
    counted = {
        name: bound for name in allowance if (bound := bounds.get(name, NOTHING).concurrency) is not None
    }
    for job_type, bound in sorted(counted.items()):  # after the rates, in one order, likewise
        allowance[job_type] = min(allowance[job_type], lanes.room_of_type(tx, job_type, bound))
    filled = _fill(tx, request, arms, allowance, bounds, dated=outlook.dated)
    jobs = _with_one_suspect(tx, request.worker, filled.jobs)
    if counted:
        lanes.occupy_types(tx, jobs, counted)
    taken = Counter(job.type for job in jobs)
    left = filled.left
    ready_at: list[float] = []
    for job_type in limited:
        again_at = limits.take(tx, in_force[job_type], taken[job_type])
        if again_at is not None:
            ready_at.append(again_at)
        elif taken[job_type] == allowance[job_type]:
            left = True
    paced = {
        name for name, each in bounds.items() if each.of_key is not None and each.of_key.rate is not None
    }
    return Claim(jobs, left, min(ready_at, default=None), frozenset(limited | paced), flooded=filled.flooded)


def _fill(
    tx: StoreTransaction,
    request: ClaimRequest,
    arms: list[Arm],
    allowance: Mapping[str, int],
    bounds: Mapping[str, TypeBounds],
    *,
    dated: bool,
) -> _Filled:
    """Take jobs, and others for those that have to be parked."""
    of_key = {
        name: each.of_key for name, each in bounds.items() if each.of_key is not None and name in request.keys
    }
    first = _round(tx, request, arms, allowance, dated=dated)
    jobs = first.jobs
    if not of_key:
        return _Filled(jobs, first.left)
    started = lanes.admit(tx, jobs, of_key, request.keys)
    if len(started) == len(jobs):
        return _Filled(started, first.left)
    batched = request.rooms.keys() & allowance.keys()  # these had their turn
    for number in range(1, ROUNDS):
        taken = Counter(job.type for job in started)
        still = {name: most - taken[name] for name, most in allowance.items()} | dict.fromkeys(batched, 0)
        if number == ROUNDS - 1:  # the others get their turn, however many of one key are in front
            still |= dict.fromkeys(of_key.keys() & still.keys(), 0)
        alone = [job for job in started if job.type not in request.rooms]
        low = sum(not request.is_urgent(job.priority) for job in alone)
        most = request.most - len(alone) - first.opened
        if most <= 0:
            return _Filled(started, left=True)
        rest = replace(request, most=most, unreserved=request.unreserved - low - first.opened, rooms=NO_ROOMS)
        jobs = _round(tx, rest, arms, still, dated=dated).jobs
        if not jobs and number < ROUNDS - 1:
            return _Filled(started, left=bool(batched))
        started += lanes.admit(tx, jobs, of_key, request.keys)
    return _Filled(started, left=True, flooded=True)


def _round(
    tx: StoreTransaction,
    request: ClaimRequest,
    arms: list[Arm],
    allowance: Mapping[str, int],
    *,
    dated: bool,
) -> _Round:
    """Take the jobs that come first, of each type at most its allowance."""
    allowed = [
        arm
        for arm in arms
        if allowance[arm.type] > 0
        and (request.is_urgent(arm.priority) or request.unreserved > 0 or arm.type in request.rooms)
    ]
    chosen = order(tx, request, allowed, allowance)
    jobs = take(tx, request, chosen)
    for job_type, number in Counter(job.type for job in jobs).items():
        tx.count(job_type, Status.PENDING, -number)
        tx.count(job_type, Status.PROCESSING, number)
    taken = Counter(job.type for job in jobs) if request.rooms else Counter()
    full = any(taken[name] >= request.most_of(name) for name in allowance.keys() & request.rooms.keys())
    left = chosen.blocked or full or len(jobs) >= request.most
    return _Round(_in_time(tx, request.worker, jobs) if dated else jobs, left, chosen.opened)


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
    if jobs:
        lanes.freed(tx, jobs)
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


def give_back_unheard(tx: StoreTransaction, worker: str, since: float) -> None:
    """Give back what a worker has claimed after `since`: it never heard of that.

    A claim whose commit was not answered may have been written all the same. Its jobs would stay with a
    worker that lives and does not run them.

    Args:
        since: `locked_at` of the last jobs that it did hear of, in seconds since 1970 UTC.
    """
    held = tx.all("jobs_of_worker", held_job, worker=worker)
    release(tx, worker, [job for job in held if job.locked_at > since])


def due_types(tx: StoreTransaction, min_priority: int, max_priority: int) -> frozenset[str]:
    """The types with a due job of such priority that are not paused."""
    return frozenset(arm.type for arm in look(tx).open_arms if min_priority <= arm.priority <= max_priority)
