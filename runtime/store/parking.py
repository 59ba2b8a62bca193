"""Parking: jobs that were claimed and found no room for their key wait, `blocked`, in its lane."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runtime.model.records import ClaimedJob, Status
from runtime.store.subjects import DUE, SCHEDULED
from runtime.store.transaction import StoreTransaction


class LaneName(NamedTuple):
    """What a lane is of."""

    type: str
    key: str


def park(tx: StoreTransaction, jobs: Sequence[ClaimedJob], lane_of: Mapping[int, LaneName]) -> None:
    """Have jobs that were just claimed wait in their lanes; no attempt is used."""
    if not jobs:
        return
    places = tx.all("park_jobs", lambda *row: row, ids=json.dumps([job.id for job in jobs]), now=tx.now)
    tx.many("add_parked", [(job_id, *lane_of[job_id], priority, at) for job_id, priority, at in places])
    for job_type, number in Counter(job.type for job in jobs).items():
        tx.count(job_type, Status.PROCESSING, -number)
        tx.count(job_type, Status.BLOCKED, number)


def let_go(tx: StoreTransaction, wanted: Mapping[LaneName, int]) -> Counter[LaneName]:
    """Make the first parked jobs of lanes due; return how many of each.

    Args:
        wanted: at most so many of each; fewer only where there are no more.
    """
    gone: Counter[LaneName] = Counter()
    left = dict(wanted)
    while left:
        heads = _heads(tx, left)
        moved = _make_due(tx, heads)
        gone.update(moved)
        found = Counter(heads.values())
        # Those that had been cancelled made room for others behind them.
        left = {name: most - moved[name] for name, most in left.items() if moved[name] < most == found[name]}
    return gone


def lane_of(tx: StoreTransaction, job_id: int) -> LaneName | None:
    """The lane that a blocked job is parked in; None: it is blocked for another reason."""
    return tx.one("lane_of_parked", LaneName, job_id=job_id)


def leave(tx: StoreTransaction, job_id: int) -> bool:
    """No lane holds this job any more: it begins anew, or was changed; whether one did."""
    ids = json.dumps([job_id])
    tx.all("hold_unfinished", lambda *row: row, ids=ids)  # the job first, as whoever lets it go does
    return bool(tx.run("forget_parked", ids=ids))


def _heads(tx: StoreTransaction, wanted: Mapping[LaneName, int]) -> dict[int, LaneName]:
    """The jobs that come first in each lane."""
    alike: dict[int, list[LaneName]] = {}  # nearly all lanes have room for one
    for name, most in wanted.items():
        alike.setdefault(most, []).append(name)
    heads: dict[int, LaneName] = {}
    for most, names in alike.items():
        heads.update(tx.all("parked_heads", _head, lanes=json.dumps(names), most=most))
    return heads


def _make_due(tx: StoreTransaction, heads: Mapping[int, LaneName]) -> Counter[LaneName]:
    """Let jobs go; return how many of each lane had not been cancelled."""
    if not heads:
        return Counter()
    ids = json.dumps(sorted(heads))
    # The jobs first, as `leave` does: so that none waits in a circle.
    moved = tx.all("unpark_jobs", _moved, ids=ids, now=tx.now)
    tx.change("forget_parked", ids=ids)
    for (job_type, status), number in Counter((job_type, status) for _, job_type, status in moved).items():
        tx.count(job_type, Status.BLOCKED, -number)
        tx.count(job_type, status, number)
        tx.announce(DUE if status is Status.PENDING else SCHEDULED)
    return Counter(heads[job_id] for job_id, _, _ in moved)


def _head(job_id: int, job_type: str, key: str) -> tuple[int, LaneName]:
    return job_id, LaneName(job_type, key)


def _moved(job_id: int, job_type: str, status: str) -> tuple[int, str, Status]:
    return job_id, job_type, Status(status)
