"""How transactions begin on PostgreSQL: what they see of each other, and whether they write."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How transactions begin and end."""

    begin: str
    """`BEGIN` with its isolation level."""
    writes: bool
    """Whether there is anything to commit."""


QUEUE = Manner(begin="BEGIN ISOLATION LEVEL READ COMMITTED", writes=True)
APPLICATION = Manner(begin="BEGIN ISOLATION LEVEL REPEATABLE READ", writes=True)
SNAPSHOT = Manner(begin="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", writes=False)
