"""The command, run in this process on a database of its own, or as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from runtime.cli.main import run
from runtime.worker.options import WorkerOptions
from runtime.worker.supervisor import supervise
from tests.runtime.cli.sample import app

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.db"


@pytest.fixture
def creche(capsys, monkeypatch, path) -> Callable[..., Ended]:
    """Run a command line in this process."""
    monkeypatch.setenv("CRECHE_APP", "tests.runtime.cli.sample:app")
    monkeypatch.setenv("CRECHE_DB", f"sqlite:///{path}")

    def command(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return command


@pytest.fixture
def work(path) -> Callable[[], None]:
    """Run everything that is due."""

    async def drain() -> None:
        async with app.open(f"sqlite:///{path}") as deployment:
            await supervise(deployment, worker=WorkerOptions(drain=True))

    return lambda: trio.run(drain)


class Process:
    """A command as a process of its own; its log is read as JSON lines."""

    def __init__(self, path: Path, arguments: tuple[str, ...], **more: str) -> None:
        environment = {
            **os.environ,
            "CRECHE_APP": "tests.runtime.cli.sample:app",
            "CRECHE_DB": f"sqlite:///{path}",
        }
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "runtime", *arguments],
            cwd=ROOT,
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[dict[str, object]] = []

    def until(self, event: str, times: int = 1) -> dict[str, object]:
        """Read the log until it has said this so many times in all."""
        while sum(line["event"] == event for line in self.log) < times:
            line = self.popen.stderr.readline()
            assert line, f"the log ended before {event!r}: {self.log}"
            self.log.append(json.loads(line))
        return self.log[-1]

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def end(self) -> int:
        """Read the log to its end, which comes when every process that writes it has ended; the exit code."""
        self.log += [json.loads(line) for line in self.popen.stderr]
        return self.popen.wait()

    @property
    def events(self) -> list[object]:
        return [line["event"] for line in self.log]


@pytest.fixture
def start(path):
    """Start a command as a process; it is killed when the test ends."""
    processes: list[Process] = []

    def begin(*arguments: str, **environment: str) -> Process:
        processes.append(Process(path, arguments, **environment))
        return processes[-1]

    yield begin
    for process in processes:
        process.popen.kill()
        process.popen.wait()
        process.popen.stdout.close()
        process.popen.stderr.close()
