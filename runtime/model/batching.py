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


def takeable(room: Room, free: int) -> int:
    """How many jobs of a type a claim may take: into the batch that gathers, and into new ones.

    Args:
        free: runners that would start at once. Nothing is opened ahead of them: how long a batch would
            wait behind running jobs nobody knows, and an idle worker elsewhere could run it.
    """
    return room.free + room.size * min(free, max(1, LARGEST // room.size))


class Places:
    """What a claim may still take, while it walks over the jobs in their order.

    A job takes one of `most` places, as does the first of a batch; those that join a batch take none.
    So whoever comes first in the order opens a batch, and jobs further behind fill it up. Where the
    next in the order has no free runner for its batch, nobody overtakes it either: it waits for one
    with all who come after it, or jobs that need none would keep it waiting for ever.

    Args:
        free: of these places, those where a job starts at once.
        ordinary: of these places, those for jobs that are not urgent.
        allowance: how many of each type at most; of those in `rooms` one more than can be taken, or
            it would not be seen that there are more.
    """

    def __init__(
        self,
        free: int,
        most: int,
        allowance: Mapping[str, int],
        rooms: Mapping[str, Room],
        ordinary: int = 0,
    ) -> None:
        self._free = free
        self._most = most
        self._ordinary = ordinary
        self._left = dict(allowance)
        self._rooms = rooms
        self._gathering = {name: room.free for name, room in rooms.items()}
        self._batched = 0
        self.opened = 0
        """Batches that begin to gather."""
        self.blocked = False
        """Whether a batch is next that could not be opened."""

    def take(self, job_type: str, *, urgent: bool = True) -> bool:
        """Whether the next job in the order, of this type, is taken."""
        if self._left.get(job_type, 0) <= 0:
            return False
        if self._gathering.get(job_type, 0):
            self._gathering[job_type] -= 1
        elif not self._open(job_type, urgent=urgent):
            return False
        self._left[job_type] -= 1
        return True

    def _open(self, job_type: str, *, urgent: bool) -> bool:
        """Take a place of its own for a job; for one of a batch, room for others beside it."""
        if not self._most or not (urgent or self._ordinary > 0):
            return False
        room = self._rooms.get(job_type)
        if room is not None:
            if self._free <= 0 or (self._batched and self._batched + room.size > LARGEST):
                self.blocked, self._most = True, 0
                return False
            self._batched += room.size
            self._gathering[job_type] = room.size - 1
            self.opened += 1
        self._ordinary -= not urgent
        self._free -= 1
        self._most -= 1
        return True

    @property
    def spent(self) -> bool:
        """Whether nothing more can be taken."""
        if self._most:
            return False
        return not any(free and self._left.get(name, 0) > 0 for name, free in self._gathering.items())
