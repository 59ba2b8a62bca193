"""Values as PostgreSQL reads them: each alone, or those of many rows as one array.

Columns of many rows are written whole, by a few calls that run in C: a value a call would cost more than
the server needs to store the row.
"""

from collections.abc import Sequence
from typing import cast

from psycopg import pq

from runtime.db.base import CheckViolation, Value

_SEPARATOR = "\0"  # the only character that no text in PostgreSQL can have


def array_literal(values: Sequence[Value]) -> str:
    """An array: `{1,NULL,"text"}`.

    Raises:
        CheckViolation: a text with a NUL character.
    """
    kinds = set(map(type, values))
    if len(kinds) > 1:
        return "{" + ",".join(map(_element, values)) + "}"
    kind = kinds.pop() if kinds else None
    # Often all rows have the same. Not so for what is false: 0.0 and -0.0 are equal, and not the same.
    if len(values) > 1 and values[0] and values.count(values[0]) == len(values):
        return "{" + ",".join([_element(values[0])] * len(values)) + "}"
    if kind is str:
        return "{" + _texts(cast("Sequence[str]", values)) + "}"
    if kind is int:
        return "{" + ",".join(map(str, values)) + "}"
    if kind is float:
        return "{" + ",".join(map(repr, values)) + "}"
    return "{" + ",".join(map(_element, values)) + "}"


def encoded(values: Sequence[Value]) -> tuple[Sequence[bytes], Sequence[int]]:
    """The values for the server, and which of them are binary.

    Raises:
        CheckViolation: a text with a NUL character.
    """
    # psycopg's annotation has no NULLs; its methods have.
    each = cast("Sequence[bytes]", [_encode(value) for value in values])
    return each, [int(type(value) is bytes) for value in values]


def _texts(values: Sequence[str]) -> str:
    joined = _SEPARATOR.join(values)
    if joined.count(_SEPARATOR) != len(values) - 1:
        raise _unreadable()
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace(_SEPARATOR, '","') + '"'


def _element(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return _texts([value])
    if isinstance(value, bytes):
        return '"\\\\x' + value.hex() + '"'
    return _number(value)


def _encode(value: Value) -> bytes | None:
    if isinstance(value, str):
        text = value.encode()
        if b"\0" in text:
            raise _unreadable()
        return text
    if value is None or type(value) is bytes:
        return value
    return _number(value).encode()


def _number(value: float | bytes) -> str:
    # A bool is an int, and an enum's text is its name: neither is what the column holds.
    return repr(value) if isinstance(value, float) else format(int(value), "d")


def _unreadable() -> CheckViolation:
    return CheckViolation("PostgreSQL stores no text with a NUL character in it")


def drawn_ids(drawn: pq.abc.PGresult) -> list[int]:
    """What `draw_job_ids` brought, in ascending order."""
    return [int(drawn.get_value(row, 0) or b"0") for row in range(drawn.ntuples)]
