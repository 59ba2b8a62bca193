"""Pace: how long to rest between two acts that others hint at, and that cost less together.

Where hints come now and then each is followed at once: whoever enqueues a job waits for it.
Where they come thick and fast an act for each of them takes the time that the work itself needs.
One that is followed by the next (a chain of jobs) looks the same, but a rest brings nothing there:
so a rest is tried, and kept only while several hints come in it.
"""

SOON = 0.005
"""Seconds; acts so close to each other are quick."""
FIRST_REST, LONGEST_REST = 0.005, 0.02
"""Seconds from one act to the next."""
MANY = 2
"""Hints in one rest that make it worth while."""
QUICK_ACTS = 4
"""In a row, before a rest is tried."""
QUICK_ACTS_AFTER_A_FAILURE = 100
"""In a row, before it is tried again where it has brought nothing."""


class Pace:
    """The rhythm of one who acts; it is told of each act."""

    __slots__ = ("_acted_at", "_rest", "_until_trial")

    def __init__(self) -> None:
        self._acted_at = float("-inf")
        self._rest = 0.0
        self._until_trial = QUICK_ACTS

    def acted(self, now: float, hints: int) -> float:
        """An act begins; how long to rest before the next, in seconds from now.

        Args:
            now: on any clock that only goes forward, in seconds.
            hints: how many there were since the act before.
        """
        quick = now - self._acted_at <= self._rest + SOON
        self._acted_at = now
        if not quick:
            self._rest, self._until_trial = 0.0, QUICK_ACTS
        elif not self._rest:
            self._until_trial -= 1
            self._rest = 0.0 if self._until_trial > 0 else FIRST_REST
        elif hints >= MANY:
            self._rest = min(2 * self._rest, LONGEST_REST)
        else:
            self._rest, self._until_trial = 0.0, QUICK_ACTS_AFTER_A_FAILURE
        return self._rest
