"""Lanes: what the jobs of one key may do, as values.

A lane has a token bucket and so many places. Jobs that find no room in theirs are
parked; it opens again by time or by a place that becomes free.
"""

import hashlib
import json
import math
from typing import NamedTuple, Self

from runtime.model.rates import Bucket, Rate

OF_TYPE = ""
"""The key of the lane that all jobs of a type share; those of keys are JSON, which is never empty."""
RECHECK = 60.0
"""Seconds after which a lane with parked jobs is looked at in any case: a head it let go may be gone."""


LONGEST_KEY = 500
"""Characters, all of them ASCII: PostgreSQL refuses to index a row of more than 2,700 bytes."""


class Bounds(NamedTuple):
    """What holds for a lane; None: nothing does."""

    rate: Rate | None = None
    concurrency: int | None = None


class Lane(NamedTuple):
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
        after = self._replace(bucket=bucket, running=running, parked=self.parked + parked)
        return after.awaiting(bounds, now) if after.parked else after

    def awaiting(self, bounds: Bounds, now: float) -> Self:
        """The lane with the moment at which its next parked job may start, as far as time decides it."""
        opens_at = now + RECHECK
        if bounds.rate is not None and self.room(bounds._replace(rate=None), now, 1):
            opens_at = min(opens_at, self.bucket.ready_at(bounds.rate, now))
        return self._replace(opens_at=opens_at)

    def let_go(self, bounds: Bounds, heads: int, asked: int, now: float) -> Self:
        """The lane after `heads` of its parked jobs became due, when `asked` were looked for.

        They take their tokens and places when they start; until then nothing more is let go.
        """
        parked = self.parked - heads
        if heads < asked or parked <= 0:  # what was counted beside them had been cancelled
            return self._replace(parked=0, opens_at=None)
        return self._replace(parked=parked, opens_at=now if bounds == Bounds() else now + RECHECK)


def key_text(key: object) -> str:
    """A key as lanes are named by it; one too long for an index by its beginning and its hash.

    Raises:
        TypeError: it is neither text nor a finite number.
    """
    if isinstance(key, str) or (isinstance(key, float) and math.isfinite(key)):
        text = json.dumps(key)
    elif isinstance(key, int) and not isinstance(key, bool):
        text = int.__repr__(key)
    else:
        raise TypeError(f"a limit's key is text or a finite number, not {key!r:.50}")
    if len(text) <= LONGEST_KEY:
        return text
    return json.dumps(f"{text[1:50]}… {hashlib.sha256(text.encode()).hexdigest()}")
