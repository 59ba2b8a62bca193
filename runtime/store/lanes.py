"""Lanes: places and tokens of types and of the keys of their jobs, held in the database for all processes.

A claim asks the lanes of what it took: whoever finds no room is parked, once, and let go by its lane: by
the promoter when a token is there, by whoever frees a place. So a flood of one key costs each of its jobs
one move, and others nothing.

Rejected: a moment reserved for each job when it is enqueued. A cancelled job would leave a hole, an urgent
one would wait behind all others, and a changed limit would have to move them all.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from runtime.model.lanes import OF_TYPE, Bounds, Lane
from runtime.model.rates import Bucket
from runtime.model.records import ClaimedJob
from runtime.store import parking, type_limits
from runtime.store.parking import LaneName
from runtime.store.subjects import DUE, SCHEDULED
from runtime.store.transaction import StoreTransaction

MOST_LET_GO = 1000
"""Parked jobs that one transaction makes due, of one lane; and lanes that it looks at."""

COUNTED_AGAIN = 2.0
"""Seconds after which a new limit counts the runs of its type again: longer than a group commit takes."""

NO_BOUNDS = Bounds()

KeyOf = Callable[[str], str | None]
"""From a payload to the key of its lane, as `key_text` writes it; None: no lane."""


def enter(tx: StoreTransaction) -> None:
    """Until this transaction ends nobody else changes lanes: call it before any of them is looked at.

    It comes after the rows of the jobs that this transaction ends, which nobody in there waits for (a claim
    passes over what is locked), and before all else that several wait for: places, rates, waits, workflows.
    Circles remain possible where a parked job is changed while it is let go (by an operator, or a deadline)
    and where a living worker is rescued: the server refuses one of the two, and that one runs again.
    """
    tx.one("enter_lanes", str)


def enter_if_limited(tx: StoreTransaction) -> None:
    """The same, where it matters: before rows that several wait for, in case lanes come afterwards."""
    tx.one("enter_lanes_if_limited", str)


def room_of_type(tx: StoreTransaction, job_type: str, most: int) -> int:
    """How many more jobs of a type may run, and whoever else wants to know waits for this transaction."""
    bounds = Bounds(concurrency=most)
    (lane,) = _hold(tx, [LaneName(job_type, OF_TYPE)], {job_type: bounds}).values()
    return lane.room(bounds, tx.now, most)


def occupy_types(tx: StoreTransaction, jobs: Sequence[ClaimedJob], types: Iterable[str]) -> None:
    """These start, and take their places in the lanes of those types."""
    chosen = frozenset(types)
    counted = [job for job in jobs if job.type in chosen]
    if not counted:
        return
    tx.many("add_slot", [(job.id, OF_TYPE, job.type, job.claims) for job in counted])
    numbers = Counter(job.type for job in counted)
    held = _hold(tx, [LaneName(name, OF_TYPE) for name in numbers], {name: Bounds() for name in numbers})
    unbounded = Bounds(concurrency=0)
    _save(tx, [lane.admit(unbounded, numbers[lane.type], 0, tx.now) for lane in held.values()])


def admit(
    tx: StoreTransaction,
    jobs: Sequence[ClaimedJob],
    bounds: Mapping[str, Bounds],
    keys: Mapping[str, KeyOf],
) -> list[ClaimedJob]:
    """Of jobs just claimed those whose lanes have room; the others are parked.

    Args:
        bounds: what holds for each key, by type.
        keys: tells the key of a job, by type.
    """
    lane_of = {
        job.id: name for job in jobs if job.type in bounds and (name := _lane_of(job, keys)) is not None
    }
    if not lane_of:
        return list(jobs)
    held = _hold(tx, list(dict.fromkeys(lane_of.values())), bounds)
    room = {name: lane.room(bounds[name.type], tx.now, len(jobs)) for name, lane in held.items()}
    started: Counter[LaneName] = Counter()
    admitted, parked = [], []
    for job in jobs:
        name = lane_of.get(job.id)
        if name is None:
            admitted.append(job)
        elif started[name] < room[name]:
            started[name] += 1
            admitted.append(job)
        else:
            parked.append(job)
    waiting = Counter(lane_of[job.id] for job in parked)
    _save(
        tx,
        [lane.admit(bounds[name.type], started[name], waiting[name], tx.now) for name, lane in held.items()],
    )
    _take_places(tx, [job for job in admitted if job.id in lane_of], lane_of, bounds)
    parking.park(tx, parked, lane_of)
    return admitted


def freed(tx: StoreTransaction, jobs: Sequence[ClaimedJob]) -> None:
    """These runs have ended: their places are free, and parked jobs may take them."""
    if tx.one("enter_lanes_of", str, ids=json.dumps([job.id for job in jobs])) is None:
        return  # none of them has a place
    alike: dict[int, list[int]] = {}  # nearly all are the first claims of their jobs
    for job in jobs:
        alike.setdefault(job.claims, []).append(job.id)
    places: Counter[LaneName] = Counter()
    for claims, ids in alike.items():
        places.update(tx.all("free_slots", LaneName, ids=json.dumps(ids), claims=claims))
    if not places:
        return
    if any(name.key == OF_TYPE for name in places):
        tx.announce(DUE)  # one more of the type may start
    told = json.dumps([(*name, number) for name, number in places.items()])
    wanted = [name for name in tx.all("free_places", _if_wanted, places=told) if name is not None]
    if wanted:
        _let_go(tx, _hold(tx, wanted).values())


def in_use(tx: StoreTransaction) -> bool:
    """Whether the end of a job can free a place; one look for a whole batch."""
    return bool(tx.one("lanes_in_use", int))


def next_opening(tx: StoreTransaction) -> float | None:
    """When the next lane may have room again; None when nothing is parked."""
    return tx.one("next_opening", float)


def open_due(tx: StoreTransaction, most: int = MOST_LET_GO) -> None:
    """Let go what is parked in lanes that have room again, looking at so many lanes at most."""
    opening = next_opening(tx)
    if opening is None or opening > tx.now:
        return
    enter(tx)
    due = tx.all("due_lanes", LaneName, now=tx.now, most=most)
    for name in due:
        if name.key == OF_TYPE:
            _count_again(tx, name.type)
    keyed = [name for name in due if name.key != OF_TYPE]
    if keyed:
        _let_go(tx, _hold(tx, keyed).values())


def reopen(tx: StoreTransaction, job_type: str) -> None:
    """The limits of a type have changed: look at its lanes at once."""
    if tx.run("reopen_lanes", type=job_type, now=tx.now):
        tx.announce(SCHEDULED)


def begin_counting(tx: StoreTransaction, job_type: str) -> None:
    """From now on it matters how many jobs of a type run: those that do take places.

    A server's other workers may be ending some at this moment, so it is looked at again soon.
    """
    tx.many("add_lane", [_new_row(Lane.new(job_type, OF_TYPE, Bounds(), tx.now))])
    tx.change("add_slots_of_type", type=job_type)
    tx.change("count_slots_of_type", type=job_type, again_at=tx.now + COUNTED_AGAIN)
    tx.announce(SCHEDULED)


def _count_again(tx: StoreTransaction, job_type: str) -> None:
    """Take back places that runs got which had just ended."""
    if tx.run("forget_stray_slots", type=job_type):
        tx.announce(DUE)
    tx.change("count_slots_of_type", type=job_type, again_at=None)


def stop_counting(tx: StoreTransaction, job_type: str, *, keyed: bool) -> None:
    """It matters no more how many jobs of a type, or of each of its keys, run."""
    tx.change("forget_slots", type=job_type, keyed=int(keyed))
    tx.change("empty_lanes", type=job_type, keyed=int(keyed))


def find(tx: StoreTransaction, job_type: str, key: str) -> Lane | None:
    """A lane as it is."""
    return tx.one("find_lane", _lane, type=job_type, key=key)


def prune(tx: StoreTransaction, limit: int) -> bool:
    """Delete lanes that are as good as new, at most so many of a type; whether there may be more."""
    types = tx.all("types_with_lanes", str)
    if not types:
        return False
    enter(tx)
    bounds = _bounds_of_keys(tx)
    deleted = 0
    for job_type in types:
        rate = bounds.get(job_type, Bounds()).rate
        refill = 0.0 if rate is None else rate.burst / rate.rate
        deleted = max(deleted, tx.run("prune_lanes", type=job_type, before=tx.now - refill, most=limit))
    return deleted == limit


def _let_go(tx: StoreTransaction, held: Iterable[Lane]) -> None:
    """Make parked jobs of lanes due, as many as these have room for."""
    bounds = _bounds_of_keys(tx)
    room = {lane: lane.room(bounds.get(lane.type, NO_BOUNDS), tx.now, MOST_LET_GO) for lane in held}
    wanted = {LaneName(lane.type, lane.key): most for lane, most in room.items() if most}
    gone = parking.let_go(tx, wanted)
    changed = []
    for lane, most in room.items():
        of_type, heads = bounds.get(lane.type, NO_BOUNDS), gone[LaneName(lane.type, lane.key)]
        changed.append(lane.let_go(of_type, heads, most, tx.now) if most else lane.awaiting(of_type, tx.now))
    _save(tx, changed)


def _lane_of(job: ClaimedJob, keys: Mapping[str, KeyOf]) -> LaneName | None:
    key_of = keys.get(job.type)
    key = None if key_of is None else key_of(job.payload)
    return None if key is None else LaneName(job.type, key)


def _hold(
    tx: StoreTransaction, names: Sequence[LaneName], bounds: Mapping[str, Bounds] = MappingProxyType({})
) -> dict[LaneName, Lane]:
    """Lanes to be changed; made for types in `bounds` if they are not there."""
    held = _locked(tx, names)
    if missing := [name for name in names if name not in held and name.type in bounds]:
        new = [Lane.new(*name, bounds[name.type], tx.now) for name in missing]
        tx.many("add_lane", [_new_row(lane) for lane in new])
        held |= _locked(tx, missing)
    return held


def _locked(tx: StoreTransaction, names: Sequence[LaneName]) -> dict[LaneName, Lane]:
    return {
        LaneName(lane.type, lane.key): lane for lane in tx.all("hold_lanes", _lane, lanes=json.dumps(names))
    }


def _save(tx: StoreTransaction, changed: Sequence[Lane]) -> None:
    rows = [
        (
            lane.type,
            lane.key,
            lane.bucket.tokens,
            lane.bucket.updated_at,
            lane.running,
            lane.parked,
            lane.opens_at,
        )
        for lane in changed
    ]
    if rows:
        tx.many("save_lane", rows)
    if any(lane.opens_at is not None for lane in changed):
        tx.announce(SCHEDULED)  # the promoter looks when the next one opens


def _take_places(
    tx: StoreTransaction,
    jobs: Sequence[ClaimedJob],
    lane_of: Mapping[int, LaneName],
    bounds: Mapping[str, Bounds],
) -> None:
    rows = [
        (job.id, lane_of[job.id].key, job.type, job.claims)
        for job in jobs
        if bounds[job.type].concurrency is not None
    ]
    if rows:
        tx.many("add_slot", rows)


def _bounds_of_keys(tx: StoreTransaction) -> dict[str, Bounds]:
    return {name: each.of_key for name, each in type_limits.in_force(tx).items() if each.of_key is not None}


def _new_row(lane: Lane) -> tuple[str, str, float, float]:
    return lane.type, lane.key, lane.bucket.tokens, lane.bucket.updated_at


def _if_wanted(job_type: str, key: str, parked: int) -> LaneName | None:
    return LaneName(job_type, key) if parked else None


def _lane(
    job_type: str,
    key: str,
    tokens: float,
    updated_at: float,
    running: int,
    parked: int,
    opens_at: float | None,
) -> Lane:
    return Lane(job_type, key, Bucket(tokens, updated_at), running, parked, opens_at)
