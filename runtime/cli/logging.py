"""Logging, set up in one place: structlog through the standard library, written by a thread of its own.

A log line must never hold up the event loop, and a reader that has gone away
or has stopped reading must never stop a worker: lines wait in a bounded queue,
what does not fit is dropped and counted.
"""

import logging
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from runtime.cli.text import printable

MOST_WAITING = 10_000
"""Lines."""
_MANY_LINES = frozenset({"exception", "stack"})
LAST_WORDS = 1.0
"""Seconds that an ending program waits for its last lines to be read."""


@contextmanager
def logging_to_stderr(level: str, style: str) -> Iterator[None]:
    """Log to standard error until the block ends.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        style: `human`, `json`, or `auto`: for people exactly when standard error is a terminal.
    """
    terminal = sys.stderr.isatty()
    handler = PatientHandler()
    handler.setFormatter(
        _formatter(json=style == "json" or (style == "auto" and not terminal), colors=terminal)
    )
    root = logging.getLogger()
    before, level_before = structlog.get_config(), root.level
    root.addHandler(handler)
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,  # a program's loggers are made once this has run
    )
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level_before)
        structlog.configure(**before)
        handler.close()


class PatientHandler(logging.Handler):
    """Hands lines to a thread of its own, which alone waits for their reader.

    Without a stream they go to whatever standard error is at the time: a progress bar puts
    itself there, so that lines appear above it.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | threading.Event | None] = queue.Queue(MOST_WAITING)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Format the line now, since its context is here; never waits, never raises."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a value whose repr fails must not end a job
            line = f"a log line of {record.name!r} could not be written"
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def flush(self) -> None:
        """Wait until what was logged so far is written, a second at most: before a forced exit."""
        written = threading.Event()
        try:
            self._lines.put(written, timeout=LAST_WORDS)
        except queue.Full:
            return
        written.wait(LAST_WORDS)

    def close(self) -> None:
        """Give the reader a moment for the last lines, then go."""
        super().close()
        try:
            self._lines.put(None, timeout=LAST_WORDS)
        except queue.Full:
            return
        self._thread.join(LAST_WORDS)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            if isinstance(line, threading.Event):
                line.set()
                continue
            if self._dropped:
                line = f"{line}\n({self._dropped} log lines were dropped: nobody reads fast enough)"
                self._dropped = 0
            try:
                stream = self._stream or sys.stderr
                stream.write(line + "\n")
                stream.flush()
            except (OSError, ValueError):  # closed: nobody will ever read it
                continue


def _formatter(*, json: bool, colors: bool) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_common(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.format_exc_info] if json else []),
            _without_control_characters,
            renderer,
        ],
    )


def _common() -> Sequence[Processor]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )


def _without_control_characters(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Data in a log line does not steer the terminal; the line breaks of stacks stay."""
    for key, value in event.items():
        if isinstance(value, str):
            lines = value.split("\n") if key in _MANY_LINES else [value]
            event[key] = "\n".join(map(printable, lines))
    return event
