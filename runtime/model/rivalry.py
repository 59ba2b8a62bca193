"""Rivalry: whether two who write side by side get in each other's way.

Where transactions see one snapshot, the later of two that want the same row is refused and done anew. Two who
share rows that all want (a product's stock) do half of their work in vain; two who never meet do more than
one. Only trying tells which they are, so they are kept apart for a while after each refusal: the longer, the
sooner it came.
"""

FIRST_REST, LONGEST_REST = 0.1, 30.0
"""Seconds."""


class Rivalry:
    """Who may write; it is told of refusals, by one clock that only goes forward, in seconds."""

    __slots__ = ("_rest", "_until")

    def __init__(self) -> None:
        self._rest = 0.0
        self._until = float("-inf")

    def refused(self, now: float) -> None:
        """One of the two was refused because of somebody else."""
        if now < self._until:
            return  # begun before they were kept apart
        soon = now - self._until <= self._rest
        self._rest = min(2 * self._rest, LONGEST_REST) if soon else FIRST_REST
        self._until = now + self._rest

    def together(self, now: float) -> bool:
        """Whether both may write."""
        return now >= self._until
