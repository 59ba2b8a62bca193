"""Composition: jobs that wait for other jobs.

How many parents a job still waits for is a number that is counted down, in one statement for all
that end in a transaction; so a fan-in of ten thousand looks at its parents as often as one of two.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runtime.errors import FieldError, InvalidInput
from runtime.model.composition import Edge, ParentResult, Relative, edge_after
from runtime.model.outcomes import Cancelled
from runtime.model.records import FINISHED as ENDED_STATUSES
from runtime.model.records import OnFailure, Status
from runtime.store import results
from runtime.store.subjects import DUE, FINISHED, SCHEDULED
from runtime.store.transaction import StoreTransaction

MOST_PARENTS = 100_000
MOST_SHOWN = 100
"""Relatives of a job that are listed."""


class Ended(NamedTuple):
    """A job that has come to an end."""

    id: int
    type: str
    status: Status
    """Completed, failed or cancelled."""


class Wait(NamedTuple):
    """What a new job has to wait for."""

    edges: dict[int, Edge]
    """By parent, in the job's order."""
    failed_parent: int | None
    """The one whose end cancels the job before it begins."""

    @property
    def open(self) -> int:
        """How many it waits for; those that cancelled it count until they are retried."""
        return len(self.edges) - list(self.edges.values()).count(Edge.DONE)


def look_at_parents(tx: StoreTransaction, parents: Sequence[int], on_failure: OnFailure) -> Wait:
    """Where the parents of a new job stand; they cannot end before this transaction does.

    Raises:
        InvalidInput: one of them does not exist; the field is named by its position.
    """
    found = dict(tx.all("hold_parents", _standing, ids=json.dumps(sorted(set(parents)))))
    unknown = [(position, parent) for position, parent in enumerate(parents) if parent not in found]
    if unknown:
        fields = [
            FieldError(f"dependsOn.{position}", f"there is no job {parent}") for position, parent in unknown
        ]
        raise InvalidInput(f"{fields[0].field}: {fields[0].message}", fields)
    edges = {parent: edge_after(found[parent], on_failure) for parent in parents}
    cancelling = (parent for parent, edge in edges.items() if edge is Edge.CANCELLED)
    return Wait(edges, next(cancelling, None))


def refuse_circle(tx: StoreTransaction, running: int, parents: Sequence[int]) -> None:
    """What waits for a running job is to wait for a new one, too: so that one must wait for none of them.

    Raises:
        InvalidInput: it would; the field is named by its position. This is the one way to a circle, for
            otherwise a job waits only for such as were there before it.
    """
    below = set(tx.all("waiting_below", int, job_id=running))
    fields = [
        FieldError(f"dependsOn.{position}", f"job {parent} waits for this one")
        for position, parent in enumerate(parents)
        if parent in below
    ]
    if fields:
        raise InvalidInput(f"{fields[0].field}: {fields[0].message}", fields)


def depend(tx: StoreTransaction, waits: Iterable[tuple[int, Wait, OnFailure]]) -> None:
    """Store what new jobs wait for: (job, what for, its policy)."""
    edges, numbers = [], []
    for job_id, wait, on_failure in waits:
        edges += [
            (parent, job_id, position, on_failure, edge.value)
            for position, (parent, edge) in enumerate(wait.edges.items())
        ]
        numbers.append((job_id, wait.open))
    if numbers:
        tx.many("insert_edge", edges)
        tx.many("insert_wait", numbers)


def in_use(tx: StoreTransaction) -> bool:
    """Whether anything can follow from the end of a job; one look for a whole batch."""
    return bool(tx.one("composition_in_use", int))


def release_dependants(tx: StoreTransaction, jobs: Sequence[Ended]) -> list[Ended]:
    """Count down what waits for these; make due what waits for nobody any more.

    Returns:
        The jobs that were cancelled because these did not succeed.
    """
    succeeded = [job.id for job in jobs if job.status is Status.COMPLETED]
    others = {job.id: job for job in jobs if job.status is not Status.COMPLETED}
    satisfied: Counter[int] = Counter()
    if succeeded:
        satisfied.update(tx.all("close_edges", int, ids=json.dumps(succeeded), succeeded=1))
    if others:
        satisfied.update(tx.all("close_edges", int, ids=json.dumps(list(others)), succeeded=0))
    if satisfied:
        _count_down(tx, satisfied)
    return _cancel_dependants(tx, others) if others else []


def still_waits(tx: StoreTransaction, job_id: int) -> bool:
    """Whether a job that begins anew has to wait for others first."""
    return bool(tx.one("open_parents", int, job_id=job_id))


def block(tx: StoreTransaction, job_id: int) -> None:
    """Have a pending or cancelled job wait for its parents."""
    tx.change("block_job", id=job_id, now=tx.now)


def revive(tx: StoreTransaction, job_id: int) -> list[int]:
    """This job begins anew: what its end had cancelled waits for it again, and so on; return those."""
    revived: list[int] = []
    wave = [job_id]
    while wave:
        waiting = sorted(set(tx.all("reopen_edges", int, ids=json.dumps(wave))))
        moved = tx.all("revive_dependants", _typed, ids=json.dumps(waiting), now=tx.now) if waiting else []
        for job_type, number in Counter(job_type for _, job_type in moved).items():
            tx.count(job_type, Status.CANCELLED, -number)
            tx.count(job_type, Status.BLOCKED, number)
        wave = [dependant for dependant, _ in moved]
        revived += wave
    return revived


def extend(tx: StoreTransaction, running: int, added: int) -> None:
    """Let everything that waits for a running job wait for an added one, too."""
    waiting = dict(tx.all("waiting_dependants", lambda *row: row, parent_id=running))
    waiting.pop(added, None)  # it may itself wait for the running one, by name
    edges = [
        (added, job_id, _AFTER_ALL, on_failure, Edge.OPEN.value) for job_id, on_failure in waiting.items()
    ]
    if edges:
        tx.many("insert_edge", edges)
        tx.change("count_up", ids=json.dumps(list(waiting)))


def parents(tx: StoreTransaction, job_id: int, most: int = MOST_SHOWN) -> list[Relative]:
    """The jobs that a job waits for or waited for, in its order."""
    return tx.all("parents_of", _relative, job_id=job_id, most=most)


def children(tx: StoreTransaction, job_id: int, most: int = MOST_SHOWN) -> list[Relative]:
    """The jobs that wait or waited for a job."""
    return tx.all("children_of", _relative, job_id=job_id, most=most)


def handed_on(tx: StoreTransaction, job_id: int) -> list[ParentResult]:
    """What the parents of a job returned, in its order."""
    found = parents(tx, job_id, MOST_PARENTS)
    texts = results.of(tx, [parent.id for parent in found])
    return [
        ParentResult(
            id=parent.id,
            type=parent.type,
            status=parent.status,
            value=json.loads(texts[parent.id]) if parent.id in texts else None,
        )
        for parent in found
    ]


def wait_reason(tx: StoreTransaction, job_id: int) -> str:
    """For whom a blocked job waits, in words."""
    number = tx.one("open_parents", int, job_id=job_id) or 0
    shown = tx.all("open_parents_of", str, job_id=job_id, most=3)
    if not number:
        return "waits for the jobs it depends on"
    more = f" and {number - len(shown)} more" if number > len(shown) else ""
    noun = "job" if number == 1 else "jobs"
    return f"waits for {noun} {', '.join(shown)}{more}"


def cancel_at_once(tx: StoreTransaction, job_id: int, job_type: str, parent: int) -> None:
    """Cancel a new job that depends on one which has failed or was cancelled already."""
    reason = f"job {parent}, which it depends on, had not succeeded"
    tx.change("cancel_dependant", id=job_id, now=tx.now, reason=reason)
    tx.count(job_type, Status.BLOCKED, -1)
    tx.count(job_type, Status.CANCELLED)
    tx.note(job_type, Cancelled.name)
    tx.announce(FINISHED)


_AFTER_ALL = 2**31 - 1
"""The position of parents that came later than the job."""


def _count_down(tx: StoreTransaction, satisfied: Counter[int]) -> None:
    counts = json.dumps(sorted(satisfied.items()))
    left = tx.all("count_down", lambda job_id, open_: (job_id, open_), counts=counts)
    free = [job_id for job_id, open_ in left if not open_]
    if not free:
        return
    moved = Counter(tx.all("unblock_jobs", _moved, ids=json.dumps(sorted(free)), now=tx.now))
    for (job_type, status), number in moved.items():
        tx.count(job_type, Status.BLOCKED, -number)
        tx.count(job_type, status, number)
        tx.announce(DUE if status is Status.PENDING else SCHEDULED)


def _cancel_dependants(tx: StoreTransaction, ended: dict[int, Ended]) -> list[Ended]:
    """What wanted the success of these is cancelled, each for the first that it missed."""
    missed: dict[int, int] = {}
    for parent, job_id in tx.all("cancel_edges", lambda *row: row, ids=json.dumps(list(ended))):
        missed.setdefault(job_id, parent)
    if not missed:
        return []
    reasons = {
        job_id: f"job {parent}, which it depends on, {_WHAT[ended[parent].status]}"
        for job_id, parent in missed.items()
    }
    moved = tx.all("cancel_dependants", _typed, reasons=json.dumps(reasons), now=tx.now)
    cancelled = [Ended(job_id, job_type, Status.CANCELLED) for job_id, job_type in moved]
    for job_type, number in Counter(job.type for job in cancelled).items():
        tx.count(job_type, Status.BLOCKED, -number)
        tx.count(job_type, Status.CANCELLED, number)
        tx.note(job_type, Cancelled.name, number)
        tx.announce(FINISHED)
    return cancelled


_WHAT = {Status.FAILED: "failed", Status.CANCELLED: "was cancelled"}
assert _WHAT.keys() < ENDED_STATUSES


def _standing(job_id: int, status: str) -> tuple[int, Status]:
    return job_id, Status(status)


def _typed(job_id: int, job_type: str) -> tuple[int, str]:
    return job_id, job_type


def _moved(job_type: str, status: str) -> tuple[str, Status]:
    return job_type, Status(status)


def _relative(job_id: int, job_type: str, status: str, edge: str) -> Relative:
    return Relative(id=job_id, type=job_type, status=Status(status), edge=Edge(edge))
