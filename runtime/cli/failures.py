"""One table: which error ends a command with which exit code, and the one line that says so."""

import os
import traceback
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from runtime.cli.text import one_line
from runtime.errors import (
    ConfigurationError,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    InvalidInput,
    NotAllowed,
    NotFound,
)

REFUSED = 1
"""Understood, but there is no such thing or its state forbids it."""
BAD_USAGE = 2
INTERNAL = 70
"""EX_SOFTWARE: a mistake of ours."""
NO_SPACE = 74
"""EX_IOERR."""
TRY_AGAIN = 75
"""EX_TEMPFAIL."""
INTERRUPTED = 130
"""128 and SIGINT."""
UNHEARD = 141
"""128 and SIGPIPE: whoever read standard output has gone away."""
_SILENT = frozenset({INTERRUPTED, UNHEARD})

# The nearest base class of an error decides.
EXIT_CODES: Mapping[type[BaseException], int] = MappingProxyType(
    {
        InvalidInput: BAD_USAGE,
        ConfigurationError: BAD_USAGE,
        NotFound: REFUSED,
        NotAllowed: REFUSED,
        DatabaseBusy: TRY_AGAIN,
        DatabaseFull: NO_SPACE,
        DatabaseError: BAD_USAGE,
        BrokenPipeError: UNHEARD,
        KeyboardInterrupt: INTERRUPTED,
    }
)


def exit_code(error: BaseException) -> int:
    """The exit code for an error; INTERNAL for one that is not in the table."""
    for kind in type(error).__mro__:
        if kind in EXIT_CODES:
            return EXIT_CODES[kind]
    return INTERNAL


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code, and one line without control characters; empty where there is nothing to say.

    Of an exception group the worst leaf speaks: a mistake of ours before anything expected.
    With CRECHE_DEBUG set the line is followed by the traceback.
    """
    leaves = list(_leaves(error))
    codes = [exit_code(leaf) for leaf in leaves]
    for code in _SILENT.intersection(codes):
        return code, ""
    worst = codes.index(INTERNAL) if INTERNAL in codes else 0
    leaf = leaves[worst]
    text = str(leaf)
    if codes[worst] == INTERNAL:
        text = f"internal error: {type(leaf).__name__}: {text} (CRECHE_DEBUG=1 shows where)"
    text = one_line(text or type(leaf).__name__)
    if os.environ.get("CRECHE_DEBUG"):
        text += "\n" + "".join(traceback.format_exception(error)).rstrip()
    return codes[worst], text


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error
