"""Quickness: whether something that others wait for has lately been quick.

A mean in which each duration weighs an eighth: one that is far too long is remembered for dozens of
quick ones. A mean of the last eight would forget it after eight, a limit of tries would never come back.
"""

QUICK = 0.001
"""Seconds; after a pause a switch to a thread and back takes 0.6 ms of it, and the loop has nothing to do."""
MORE = 0.0001
"""Seconds more for each one more that waits for the same: so much at least a thread takes longer with it,
which has to wait for Python's lock at every step."""
WEIGHT = 1 / 8
"""Of the newest duration in the mean."""
DOUBT = 1 / 16
"""How much less the mean counts when nothing exact was heard."""


class Quickness:
    """How quick it has been; it is told of each time. Before the first nothing is known: it is not quick."""

    __slots__ = ("_mean",)

    def __init__(self) -> None:
        self._mean: float | None = None

    def took(self, seconds: float) -> None:
        """It took so long this time."""
        mean = seconds if self._mean is None else self._mean
        self._mean = mean + WEIGHT * (seconds - mean)

    def took_at_most(self, seconds: float) -> None:
        """It took so long or less: a thread measured it, which may have waited for others as well.

        Where all is left to threads nothing else is ever heard, so what was slow once is slowly forgotten.
        """
        if self._mean is None or seconds < self._mean:
            self.took(seconds)
        else:
            self._mean -= DOUBT * self._mean

    def quick(self, sharing: int = 1) -> bool:
        """Whether so many may wait for another time together."""
        return self._mean is not None and self._mean <= QUICK + MORE * (sharing - 1)
