"""What commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from runtime.cli.text import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from runtime.cli.shapes import Json

_WIDE = 10_000  # a pipe has no width: nothing is cut or folded
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def print_json(value: "Json") -> None:
    """One JSON value on one line; everything outside ASCII is escaped."""
    click.echo(json.dumps(value, allow_nan=False))


def console(stream: TextIO | None = None) -> "Console":
    """A rich console on standard output, which takes all text literally."""
    from rich.console import Console

    stream = stream or sys.stdout
    return Console(
        file=stream, width=None if stream.isatty() else _WIDE, markup=False, highlight=False, emoji=False
    )


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None
) -> "RenderableType":
    """Rows under a heading; columns whose every value is a number stand to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for index, column in enumerate(columns):
        numbers = bool(rows) and all(_is_number(row[index]) for row in rows)
        drawn.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    return drawn


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, nothing: str) -> None:
    """Print a table; the line `nothing` on standard error where there are no rows."""
    if rows:
        console().print(table(columns, rows))
    else:
        click.echo(nothing, err=True)


def print_facts(facts: Mapping[str, str]) -> None:
    """Names and values below each other."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        click.echo(f"{name:<{width}}  {printable(value)}")


def duration(seconds: float) -> str:
    """A length of time in its largest unit: `3 ms`, `4 min`, `3 h`, `12 d`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def relative(moment: float | None, now: float) -> str:
    """A moment as people say it: `3 min ago`, `in 24 h`; a dash for none."""
    if moment is None:
        return "-"
    return f"in {duration(moment - now)}" if moment > now else f"{duration(now - moment)} ago"


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace(",", "").isdigit()
