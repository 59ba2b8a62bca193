"""What an attempt says while it runs: how far it is, and lines of its log; bounded, whatever it does."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from runtime.model.records import ClaimedJob

LINES_KEPT = 200
"""Of a job's log; the newest stay."""
LONGEST_TEXT = 1000
"""Characters of a line, or of what stands beside a progress."""

Level: TypeAlias = Literal["debug", "info", "warning", "error"]


class Progress(NamedTuple):
    """How far an attempt is."""

    number: int
    """Grows with everything that is noted in a worker."""
    fraction: float
    message: str
    reported_at: float


class Line(NamedTuple):
    """A line of an attempt's log."""

    number: int
    level: str
    text: str
    logged_at: float


@dataclass(slots=True)
class Notes:
    """What one attempt has said and nobody has written down yet."""

    job: ClaimedJob
    progress: Progress | None = None
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))

    def precede(self, later: "Notes") -> None:
        """Put what was said earlier in front of what was said later; of progress the later stands."""
        later.progress = later.progress or self.progress
        later.lines = deque([*self.lines, *later.lines], maxlen=LINES_KEPT)


def bounded_fraction(fraction: float) -> float:
    """From 0 to 1; 0 for what is not a number: a progress bar must not fail a job."""
    return 0.0 if math.isnan(fraction) else min(1.0, max(0.0, float(fraction)))


def bounded_text(text: str) -> str:
    """At most `LONGEST_TEXT` characters that every database stores: NUL and lone surrogates are escaped."""
    safe = text[: LONGEST_TEXT + 1].encode(errors="backslashreplace").decode().replace("\0", "\\x00")
    return safe if len(safe) <= LONGEST_TEXT else safe[: LONGEST_TEXT - 1] + "…"
