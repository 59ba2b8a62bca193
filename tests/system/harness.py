"""A deployment on real files: its processes, its database, its handlers' notes, its site."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import apsw
import trio

from runtime.app import App
from runtime.job import Job
from tests.system.process import PATIENCE, ROOT, Process, eventually
from tests.system.torture_app import NOTES
from tests.system.torture_app import app as torture


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

    def __init__(self, process: Process, port: int | None = None) -> None:
        self.process = process
        if port is None:
            (address,) = process.until("listening")["addresses"]
            port = int(address.rpartition(":")[2])
        self.port = port

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

    def start(self, *arguments: str, under: Sequence[str] = (), **environment: str) -> Process:
        """Start a command, by another program if `under` names one."""
        log = self._folder / f"process-{len(self._processes)}.log"
        self._processes.append(Process(arguments, {**self._environment, **environment}, log, under))
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
