"""Real processes: started, watched through their log and the database, and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar

import apsw
import trio

from runtime.app import App
from runtime.job import Job
from tests.system.torture_app import NOTES
from tests.system.torture_app import app as torture

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

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "runtime", *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
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
        """Send it a signal; when that was, in monotonic seconds."""
        self._popen.send_signal(number)
        return time.monotonic()

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
        self._popen.wait()


@dataclass(frozen=True)
class Answer:
    """What the site answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Site:
    """A site that listens."""

    def __init__(self, process: Process) -> None:
        self.process = process
        (address,) = process.until("listening")["addresses"]
        self.port = int(address.rpartition(":")[2])

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self._ask("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


class Deployment:
    """A database file, the processes on it, and the notes of their handlers."""

    def __init__(self, folder: Path, app: str, **environment: str) -> None:
        self.path = folder / "system.db"
        self.url = f"sqlite:///{self.path}"
        self._notes = folder / "notes.jsonl"
        self._folder = folder
        self._environment = {
            "CRECHE_APP": app,
            "CRECHE_DB": self.url,
            "CRECHE_LOG_FORMAT": "json",
            NOTES: str(self._notes),
            **environment,
        }
        self._processes: list[Process] = []
        self._reader: apsw.Connection | None = None

    @property
    def mails(self) -> Path:
        """The folder of the shop's mails, where that is a folder."""
        return self.path.with_name("mails")

    @property
    def companions(self) -> Path:
        """Where workers keep their lock files."""
        return self.path.with_name(f"{self.path.name}-workers")

    def start(self, *arguments: str, **environment: str) -> Process:
        """Start a command."""
        log = self._folder / f"process-{len(self._processes)}.log"
        self._processes.append(Process(arguments, {**self._environment, **environment}, log))
        return self._processes[-1]

    def worker(self, *options: str) -> Process:
        """Start a worker and wait until it claims."""
        process = self.start("worker", *options)
        process.until("worker started")
        return process

    def site(self, *options: str) -> Site:
        """Start the site on a free port and wait until it listens."""
        return Site(self.start("web", "--port", "0", *options))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "runtime", *arguments],
            cwd=ROOT,
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def enqueue(self, *jobs: Job, app: App = torture, priority: int | None = None) -> list[int]:
        """Store jobs, as another program would; their ids."""

        async def store() -> list[int]:
            async with app.open(self.url) as deployment:
                return await deployment.queue.enqueue_many(jobs, priority=priority)

        return trio.run(store)

    def rows(self, query: str, *parameters: str | float) -> list[tuple[object, ...]]:
        """What stands in the database."""
        if self._reader is None:
            self._reader = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
            self._reader.set_busy_timeout(1000)
        return self._reader.execute(query, parameters).fetchall()

    @contextmanager
    def locked(self) -> Iterator[apsw.Connection]:
        """Hold the database as a program does that writes for long; committed when the block ends."""
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(5000)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()

    def status(self, job: int) -> object:
        """The status of a job."""
        return self.rows("SELECT status FROM jobs WHERE id = ?", job)[0][0]

    def outcomes(self, job: int) -> list[object]:
        """How the runs of a job ended that did not complete it."""
        return [
            row[0]
            for row in self.rows("SELECT outcome FROM job_attempts WHERE job_id = ? ORDER BY claim", job)
        ]

    def until(self, job: int, status: str, within: float = PATIENCE) -> float:
        """Wait until a job has this status; when that was seen, in monotonic seconds."""
        eventually(
            lambda: self.status(job) == status,
            within,
            why=lambda: (self.rows("SELECT * FROM jobs"), self.rows("SELECT * FROM job_attempts")),
        )
        return time.monotonic()

    def silence(self) -> float:
        """For how many seconds no worker has said that it lives."""
        return time.monotonic() - self.rows("SELECT max(beat) FROM workers")[0][0]

    def notes(self, what: str, job: int | None = None) -> list[dict[str, float]]:
        """What handlers noted of that kind, in order."""
        if not self._notes.exists():
            return []
        lines = [json.loads(line) for line in self._notes.read_text().splitlines()]
        return [line for line in lines if line["what"] == what and job in {None, line["job"]}]

    def until_noted(self, what: str, job: int, times: int = 1, within: float = PATIENCE) -> dict[str, float]:
        """Wait until a job's handlers noted this so many times in all; the last of these notes."""
        found = eventually(
            lambda: notes if len(notes := self.notes(what, job)) >= times else [],
            within,
            why=lambda: [process.log for process in self._processes],
        )
        return found[times - 1]

    def close(self) -> None:
        """End everything that still runs."""
        if self._reader is not None:
            self._reader.close()
        for process in self._processes:
            process.destroy()


def open_deployment(folder: Path, app: str, **environment: str) -> Iterator[Deployment]:
    """A deployment while a fixture lives."""
    deployment = Deployment(folder, app, **environment)
    try:
        yield deployment
    finally:
        deployment.close()


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
