"""Batches: many jobs of one type in one call. How many of them a claim takes; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

LARGEST = 1000
"""Jobs in a batch, and about so many a claim: it is one transaction."""


@dataclass(frozen=True, slots=True)
class Batching:
    """How the jobs of a type are gathered."""

    size: int
    """Most jobs a call."""
    wait: float
    """Seconds that the first one waits for company."""


class Room(NamedTuple):
    """What a worker can take of a type that it runs in batches."""

    size: int
    free: int
    """Places left in the batch that gathers; joining it needs no runner."""


NO_ROOMS: Mapping[str, Room] = MappingProxyType({})


def new_batches(room: Room, free: int, most: int) -> int:
    """How many batches of a type a claim may open.

    One may be ahead of the free runners, no more: how long it would wait behind running jobs, nobody
    knows, and an idle worker elsewhere could run it.

    Args:
        free: runners that would start at once.
        most: runners with what may wait behind them; 0: none is opened.
    """
    return max(1, min(free, LARGEST // room.size)) if most else 0


def takeable(room: Room, free: int, most: int) -> int:
    """How many jobs of a type a claim may take: into the batch that gathers, and into new ones."""
    return room.free + room.size * new_batches(room, free, most)


class Places:
    """What a claim may still take, while it walks over the jobs in their order.

    A job takes one of `most` places, as does the first of a batch; those that join a batch take none.
    So whoever comes first in the order opens a batch, and jobs further behind fill it up. Where the
    next in the order would open one too many, nobody overtakes it either.

    Args:
        allowance: how many of each type at most; of those in `rooms` one more than can be taken, or
            it would not be seen that there are more.
    """

    def __init__(self, free: int, most: int, allowance: Mapping[str, int], rooms: Mapping[str, Room]) -> None:
        self._most = most
        self._left = dict(allowance)
        self._rooms = rooms
        self._gathering = {name: room.free for name, room in rooms.items()}
        self._new = {name: new_batches(room, free, most) for name, room in rooms.items()}

    def take(self, job_type: str) -> bool:
        """Whether the next job in the order, of this type, is taken."""
        if self._left.get(job_type, 0) <= 0:
            return False
        if self._gathering.get(job_type, 0):
            self._gathering[job_type] -= 1
        elif not self._open(job_type):
            return False
        self._left[job_type] -= 1
        return True

    def _open(self, job_type: str) -> bool:
        """Take a place of its own for a job; for one of a batch, room for others beside it."""
        room = self._rooms.get(job_type)
        if room is not None and not self._new[job_type]:
            self._most = 0
        if not self._most:
            return False
        self._most -= 1
        if room is not None:
            self._new[job_type] -= 1
            self._gathering[job_type] = room.size - 1
        return True

    @property
    def spent(self) -> bool:
        """Whether nothing more can be taken."""
        if self._most:
            return False
        return not any(free and self._left.get(name, 0) > 0 for name, free in self._gathering.items())
