"""How transactions begin on PostgreSQL: what they see of each other, and whether they write."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How transactions begin and end."""

    begin: bytes
    """`BEGIN` with its isolation level."""
    moment: str
    """Of `MOMENTS`."""
    writes: bool
    """Whether there is anything to commit."""


MOMENTS: Mapping[str, str] = MappingProxyType(
    {
        "creche_moment": "SELECT date_part('epoch', clock_timestamp())",
        "creche_moment_and_number": "SELECT date_part('epoch', clock_timestamp()), pg_current_xact_id()",
    }
)
"""What a transaction asks first, by name: the server's time, and its number if it writes."""

_READ, _WRITE = MOMENTS
QUEUE = Manner(begin=b"BEGIN ISOLATION LEVEL READ COMMITTED", moment=_WRITE, writes=True)
APPLICATION = Manner(begin=b"BEGIN ISOLATION LEVEL REPEATABLE READ", moment=_WRITE, writes=True)
SNAPSHOT = Manner(begin=b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", moment=_READ, writes=False)
