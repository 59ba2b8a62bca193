"""How numbers, times and states are written on pages: the filters of the templates."""

from datetime import UTC, datetime

from runtime.cli.output import duration
from runtime.cli.text import one_line

LONGEST_LINE = 160


def count(number: float) -> str:
    """`1,234`; a fraction keeps one digit."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def percent(share: float) -> str:
    """0.042 as `4.2 %`."""
    return f"{share * 100:.0f} %" if share in {0, 1} else f"{share * 100:.1f} %"


def length(seconds: float | None) -> str:
    """`4 min`; nothing for none."""
    return "" if seconds is None else duration(seconds)


def ago(moment: float | None, now: float) -> str:
    """`3 min ago`, `in 24 h`, `now`; nothing for none."""
    if moment is None:
        return ""
    if abs(moment - now) < 1:
        return "now"
    return f"in {duration(moment - now)}" if moment > now else f"{duration(now - moment)} ago"


def utc(moment: float) -> str:
    """A moment in full, for titles and `datetime` attributes: `2026-01-31T12:00:00Z`."""
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""


def calendar(moment: float) -> str:
    """A moment in the calendar, for people: `31 Jan, 12:00 UTC`."""
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%-d %b, %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return ""


def first_line(text: str) -> str:
    """What an error says in one line, cut where it gets long, without control characters."""
    lines = [line for line in text.splitlines() if line.strip()]
    line = one_line(lines[0]) if lines else ""
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
