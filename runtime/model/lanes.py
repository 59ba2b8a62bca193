"""Lanes: what the jobs of one key may do, as values.

A lane has a token bucket and so many places. Jobs that find no room in theirs are
parked; it opens again by time or by a place that becomes free.
"""

import json
import math
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from runtime.model.rates import Bucket, Rate

OF_TYPE = ""
"""The key of the lane that all jobs of a type share; those of keys are JSON, which is never empty."""
RECHECK = 60.0
"""Seconds after which a lane with parked jobs is looked at in any case: a head it let go may be gone."""


class Bounds(NamedTuple):
    """What holds for a lane; None: nothing does."""

    rate: Rate | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as it was at a moment."""

    type: str
    key: str
    bucket: Bucket
    running: int = 0
    """Places taken."""
    parked: int = 0
    opens_at: float | None = None
    """When somebody has to look whether parked jobs may start; None: nothing is parked."""

    @classmethod
    def new(cls, job_type: str, key: str, bounds: Bounds, now: float) -> Self:
        """A lane that nobody has used: its bucket is full."""
        return cls(job_type, key, Bucket(bounds.rate.burst if bounds.rate else 0.0, now))

    def room(self, bounds: Bounds, now: float, most: int) -> int:
        """How many jobs may start, at most `most`."""
        if bounds.concurrency is not None:
            most = min(most, bounds.concurrency - self.running)
        if bounds.rate is not None:
            most = min(most, self.bucket.refilled(bounds.rate, now).whole())
        return max(0, most)

    def admit(self, bounds: Bounds, starts: int, parked: int, now: float) -> Self:
        """The lane after so many have started and so many were parked."""
        bucket = self.bucket if bounds.rate is None else self.bucket.refilled(bounds.rate, now).take(starts)
        running = self.running + starts if bounds.concurrency is not None else self.running
        after = replace(self, bucket=bucket, running=running, parked=self.parked + parked)
        return after.awaiting(bounds, now) if after.parked else after

    def awaiting(self, bounds: Bounds, now: float) -> Self:
        """The lane with the moment at which its next parked job may start, as far as time decides it."""
        opens_at = now + RECHECK
        if bounds.rate is not None and self.room(bounds._replace(rate=None), now, 1):
            opens_at = min(opens_at, self.bucket.ready_at(bounds.rate, now))
        return replace(self, opens_at=opens_at)

    def let_go(self, bounds: Bounds, heads: int, asked: int, now: float) -> Self:
        """The lane after `heads` of its parked jobs became due, when `asked` were looked for.

        They take their tokens and places when they start; until then nothing more is let go.
        """
        parked = self.parked - heads
        if heads < asked or parked <= 0:  # what was counted beside them had been cancelled
            return replace(self, parked=0, opens_at=None)
        return replace(self, parked=parked, opens_at=now if bounds == Bounds() else now + RECHECK)

    def freed(self, places: int) -> Self:
        """The lane after so many places became free."""
        return replace(self, running=max(0, self.running - places))


def key_text(key: object) -> str:
    """A key as lanes are named by it.

    Raises:
        TypeError, ValueError: it is neither text nor a number.
    """
    if isinstance(key, bool) or not isinstance(key, str | int | float) or key in (math.inf, -math.inf):
        raise TypeError(f"a limit's key is text or a number, not {type(key).__name__}")
    return json.dumps(key, allow_nan=False)
