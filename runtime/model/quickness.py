"""Quickness: whether something that others wait for has lately been quick.

A mean in which each duration weighs an eighth: one that is far too long is remembered for dozens of
quick ones. A mean of the last eight would forget it after eight, a limit of tries would never come back.
"""

QUICK = 0.001
"""Seconds; after a pause a switch to a thread and back takes 0.6 ms of it, and the loop has nothing to do."""
WEIGHT = 1 / 8
"""Of the newest duration in the mean."""


class Quickness:
    """How quick it has been; it is told of each time. Before the first nothing is known: it is not quick."""

    __slots__ = ("_mean",)

    def __init__(self) -> None:
        self._mean: float | None = None

    def took(self, seconds: float) -> None:
        """It took so long this time."""
        mean = seconds if self._mean is None else self._mean
        self._mean = mean + WEIGHT * (seconds - mean)

    @property
    def quick(self) -> bool:
        """Whether another time may be waited for."""
        return self._mean is not None and self._mean <= QUICK
