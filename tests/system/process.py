"""A command as a process: started, watched through its log, signalled, and measured."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

R = TypeVar("R")
Line = Mapping[str, object]

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds for what must happen soon, on a machine that is busy with other tests too."""
TICKS = os.sysconf("SC_CLK_TCK")


def eventually(ask: Callable[[], R], within: float = PATIENCE, *, why: Callable[[], object] = str) -> R:
    """Ask every few milliseconds until the answer is true; return it.

    Raises:
        AssertionError: it was not in time; `why` says more.
    """
    deadline = time.monotonic() + within
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {within} s: {why()}"
        time.sleep(0.005)
    return answer


class Process:
    """A command as a process of its own. Its log goes to a file and is read as JSON lines."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        under: Sequence[str] = (),
    ) -> None:
        self._log = log
        with log.open("wb") as file:
            self._popen = subprocess.Popen(
                [*under, sys.executable, "-m", "runtime", *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def log(self) -> list[Line]:
        """What it has logged so far, and whoever inherited its standard error."""
        whole, _, _ = self._log.read_bytes().rpartition(b"\n")
        return [
            json.loads(line) if line.startswith(b"{") else {"event": line.decode()}
            for line in whole.splitlines()
        ]

    def said(self, event: str, **fields: object) -> list[Line]:
        """The lines of the log with this event and these fields."""
        wanted = {"event": event, **fields}.items()
        return [line for line in self.log if wanted <= line.items()]

    def until(self, event: str, times: int = 1, within: float = PATIENCE, **fields: object) -> Line:
        """Wait until it has logged this so many times in all; the last of these lines."""

        def found() -> list[Line]:
            lines = self.said(event, **fields)
            assert len(lines) >= times or self.running, f"ended before {event!r}: {self._log.read_text()}"
            return lines if len(lines) >= times else []

        return eventually(found, within, why=self._log.read_text)[times - 1]

    @property
    def children(self) -> list[int]:
        """The processes that it has started and that still run."""
        return children(self.pid)

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def signal(self, number: signal.Signals) -> float:
        """Send it a signal; when that was, in monotonic seconds, taken before: its answer may come first."""
        sent = time.monotonic()
        self._popen.send_signal(number)
        return sent

    def kill_group(self) -> float:
        """SIGKILL to it and all it started, and wait for its end; when it was sent, in monotonic seconds.

        Its locks may be gone, and its jobs run elsewhere, before we hear of its end.
        """
        sent = time.monotonic()
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        return sent

    def end(self, within: float = PATIENCE) -> int:
        """Wait for its end; the exit code."""
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {within} s: {self._log.read_text()}") from None

    def destroy(self) -> None:
        """Kill it, whatever it does, and whoever it started."""
        for pid in [*self.children, self.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kill_group()


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):  # a child belongs to the thread that started it
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, task.read_text().split())
    return sorted(found)


def processor_seconds(pid: int) -> float:
    """How long a process has kept processors busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def processor_share(pids: Sequence[int], seconds: float) -> float:
    """The busiest process's share of one processor over the next seconds."""
    before, began = [processor_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return max(processor_seconds(pid) - busy for pid, busy in zip(pids, before, strict=True)) / took
