"""How amounts and moments are written for people."""

from datetime import UTC, datetime


def money(cents: int) -> str:
    """`$1,234.50`."""
    return f"${cents // 100:,}.{cents % 100:02}"


def day_of(moment: float) -> str:
    """The day in UTC, as `2026-01-31`."""
    return utc(moment).date().isoformat()


def utc(moment: float) -> datetime:
    """A moment in seconds since 1970 as an aware datetime."""
    return datetime.fromtimestamp(moment, UTC)
