"""How an attempt ended, as a value; and how an exception becomes text.

The runner makes exactly one `Outcome` an attempt. `runtime/model/lifecycle.py`
decides what becomes of the job, so nothing else asks how an attempt ended.
"""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import ClassVar, TypeAlias

MAX_ERROR_BYTES = 8 * 1024
_MAX_MESSAGE_BYTES = 5 * 1024  # one message leaves room for the frames below it
_MAX_RAW_CHARACTERS = 64 * 1024  # of a message, looked at before it is shortened
_MAX_LEAVES_SHOWN = 5
_MAX_LEAVES_COUNTED = 1000
_MAX_FRAMES = 6
_MAX_CAUSES = 3
_WORD = re.compile(r"\S+")
_KEYWORD_PASSWORD = re.compile(r"(?i)\b(password|passwd|pwd)=(?:'[^']*'|\S+)")


@dataclass(frozen=True, slots=True)
class Completed:
    """The handler returned and its writes are ready to commit."""

    name: ClassVar[str] = "completed"


@dataclass(frozen=True, slots=True)
class Failed:
    """The handler raised, or the payload no longer fits its model."""

    name: ClassVar[str] = "failed"
    error: str
    final: bool = False
    """No further attempt, whatever is left of them."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The attempt's own time ran out and everything inside it was cancelled."""

    name: ClassVar[str] = "timed_out"
    after: float
    """The limit, in seconds."""
    error: str = ""
    """What the handler raised or was doing when it was stopped, if known."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An operator, or the handler itself, wanted it to end."""

    name: ClassVar[str] = "cancelled"
    reason: str


@dataclass(frozen=True, slots=True)
class Snoozed:
    """The handler wants to run again later; the attempt is not used up."""

    name: ClassVar[str] = "snoozed"
    delay: float
    """Seconds from now."""
    reason: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The worker shut down and gave the job back; the attempt is not used up."""

    name: ClassVar[str] = "interrupted"
    reason: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """The worker died while it held the job."""

    name: ClassVar[str] = "crashed"
    reason: str
    alone: bool = True
    """Whether it held no other; else another may have been the cause."""


Outcome: TypeAlias = Completed | Failed | TimedOut | Cancelled | Snoozed | Interrupted | Crashed


def describe_error(exception: BaseException) -> str:
    r"""Text for an exception that may be hostile; never raises.

    The first line is `TypeName: message`. A group is flattened into a summary of
    its leaves. Below stand the causes and the last frames of the (first leaf's)
    traceback: places in code only, never source or local variables. Passwords in
    DSNs are masked, whatever does not print is escaped (a line break too: `\n`),
    and the whole is at most 8 KiB of UTF-8.
    """
    with suppress(BaseException):  # recording a failure must not fail, whatever the exception does
        leaves = list(islice(_leaves(exception), _MAX_LEAVES_COUNTED))
        main = leaves[0] if leaves else exception
        lines = [_summary(exception, leaves)]
        lines += [f"  caused by {_one_line(cause)}" for cause in _causes(main)]
        lines += [f"  at {_escaped(place)}" for place in _frames(main.__traceback__)]
        return _shortened("\n".join(lines), MAX_ERROR_BYTES)
    return "an exception that cannot be described"


def safe_text(text: str) -> str:
    """What an application says of an ending, made as harmless as the text of an exception."""
    return _shortened(_escaped(_masked(text[:_MAX_RAW_CHARACTERS])), MAX_ERROR_BYTES)


def _leaves(exception: BaseException) -> Iterator[BaseException]:
    """The exceptions that are not groups, in order; without recursion, for groups may nest deeply."""
    stack = [exception]
    for _ in range(10 * _MAX_LEAVES_COUNTED):
        if not stack:
            return
        top = stack.pop()
        if isinstance(top, BaseExceptionGroup):
            stack.extend(reversed(top.exceptions))
        else:
            yield top


def _summary(exception: BaseException, leaves: list[BaseException]) -> str:
    if not isinstance(exception, BaseExceptionGroup):
        return _one_line(exception)
    if len(leaves) == 1:  # every nursery wraps what it raises: the one inside is what happened
        return _one_line(leaves[0])
    shown = [
        _shortened(_one_line(leaf), _MAX_MESSAGE_BYTES // _MAX_LEAVES_SHOWN)
        for leaf in leaves[:_MAX_LEAVES_SHOWN]
    ]
    if len(leaves) > len(shown):
        shown.append(f"and {len(leaves) - len(shown)} more")
    return f"{_type_name(exception)} of {len(leaves)}: {'; '.join(shown)}"


def _one_line(exception: BaseException) -> str:
    """`TypeName: message`, masked, escaped and shortened."""
    message = _shortened(_escaped(_masked(_message(exception))), _MAX_MESSAGE_BYTES)
    return f"{_type_name(exception)}: {message}" if message else _type_name(exception)


def _message(exception: BaseException) -> str:
    text: str | None = None
    with suppress(BaseException):  # the application's __str__ may do anything
        text = str(exception)
    if text is None:
        return "(its message cannot be read: __str__ raised)"
    cut = str.__getitem__(text, slice(_MAX_RAW_CHARACTERS))  # exact str, even of a subclass
    if len(cut) < _MAX_RAW_CHARACTERS:
        return cut
    # A DSN cut before its "@" would not be recognised: the last, incomplete word goes.
    return cut[: cut.rfind("://")] if "://" in cut.rpartition(" ")[2] else cut


def _type_name(exception: BaseException) -> str:
    return _shortened(_escaped(str(type(exception).__name__)), 200)


def _causes(exception: BaseException) -> Iterator[BaseException]:
    """What it was raised from, a few steps down; a cycle just ends."""
    cause = exception.__cause__
    for _ in range(_MAX_CAUSES):
        if cause is None or cause is exception:
            return
        yield cause
        cause = cause.__cause__


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    """The last places of a traceback, innermost last; a traceback may be thousands deep."""
    last: deque[TracebackType] = deque(maxlen=_MAX_FRAMES)
    while traceback is not None:
        last.append(traceback)
        traceback = traceback.tb_next
    for step in last:
        code = step.tb_frame.f_code
        path = "/".join(code.co_filename.split("/")[-3:])
        yield f"{path[-200:]}:{step.tb_lineno} in {code.co_qualname[:200]}"


def _masked(text: str) -> str:
    """Without the passwords of `scheme://user:password@host` and of `password=...`."""
    if "://" in text:
        text = _WORD.sub(lambda word: _masked_url(word[0]), text)
    return _KEYWORD_PASSWORD.sub(r"\1=***", text)


def _masked_url(word: str) -> str:
    """Masked up to the last `@`: a password may hold any character, so rather too much than too little."""
    start = word.find("://")
    at = word.rfind("@")
    colon = word.find(":", start + 3, max(at, 0)) if start >= 0 else -1
    return f"{word[:colon]}:***{word[at:]}" if colon >= 0 else word


def _escaped(text: str) -> str:
    """Nothing in it moves a cursor, ends a line, or cannot be stored: escapes as Python writes them."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _shortened(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, an ellipsis where something is missing."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode(errors="ignore") + "…"
