"""Statements in PostgreSQL's writing: `:name` becomes `$1`, translated once.

`:name[]` in a statement is the array of the values of all rows, so that `many`
is one statement however many rows it is given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.errors import ConfigurationError

# Quoted text, comments and casts are passed over; what is left of `:name` is a parameter.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | \$\$.*?\$\$ | ::
    | :(?P<name>[a-z_][a-z0-9_]*)(?P<array>\[\])?""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with `$1`, `$2`, … and what stands for them."""

    text: bytes
    names: tuple[str, ...]
    """In the order in which the statement first names them."""
    arrays: bool
    """Whether its parameters are arrays of the values of all rows."""


def translate_text(name: str, text: str) -> Statement:
    """Turn `:name` into `$n`.

    Raises:
        ConfigurationError: arrays and single values in one statement.
    """
    order: dict[str, int] = {}
    kinds: set[bool] = set()

    def number(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        kinds.add(match["array"] is not None)
        return f"${order.setdefault(match['name'], len(order) + 1)}"

    translated = _TOKEN.sub(number, text)
    if len(kinds) > 1:
        raise ConfigurationError(f"query {name!r}: either all parameters are arrays or none is")
    return Statement(translated.encode(), tuple(order), arrays=True in kinds)


def translate_all(texts: Mapping[str, str]) -> dict[str, Statement]:
    """Every statement by name."""
    return {name: translate_text(name, text) for name, text in texts.items()}
