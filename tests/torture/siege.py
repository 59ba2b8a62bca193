"""A deployment under siege: killed, frozen and starved, then drained, examined and judged."""

import io
import json
import signal
import socket
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import apsw
import trio

from runtime.app import App, Deployment
from runtime.cli.main import run
from tests.system import harness
from tests.system.process import Process, eventually
from tests.torture.application import Work
from tests.torture.application import app as torture
from tests.torture.checker import History, judge, runs_of

UNFINISHED = "SELECT id, type, status FROM jobs WHERE status NOT IN ('completed', 'failed', 'cancelled')"


class Siege(harness.Deployment):
    """A deployment whose processes do not live long."""

    def __init__(self, folder: Path, app: App, where: str, **environment: str) -> None:
        super().__init__(folder, where, TORTURE_DB=str(folder / "system.db"), **environment)
        self.app = app
        self.port = free_port()
        self.history = History()
        self.revived = 0
        """Innocent jobs that were taken for poison pills; see docs/reliability.md."""
        self.examine = True
        """Whether the doctor is to look at the end; not where the file itself was spoilt."""
        self._folder = folder

    def up(self, *options: str, **environment: str) -> Process:
        """Start site and worker in one process, always at the same address; wait until it listens."""
        process = self.start("up", "--port", str(self.port), *options, **environment)
        process.until("listening")
        return process

    @property
    def ledger(self) -> Path:
        """Where the simulated gateway writes down what it has charged."""
        own = self._environment.get("SHOP_GATEWAY", "").removeprefix("simulated://")
        return Path(own) if own else self.path.with_name(f"{self.path.name}-gateway.jsonl")

    def move_to(self, path: Path) -> None:
        """Have the database elsewhere than the logs."""
        self.path = path
        self.url = f"sqlite:///{path}"
        self._environment["CRECHE_DB"] = self.url

    def site_at(self) -> harness.Site:
        """The site that listens at our address."""
        return harness.Site(self._processes[-1], self.port)

    def store(self, *jobs: Work) -> list[int]:
        """Enqueue jobs whose effects will be counted."""
        ids = self.enqueue(*jobs, app=self.app)
        self.history.attempted |= set(map(str, ids))
        self.history.acknowledged |= set(map(str, ids))
        return ids

    def kill(self, process: Process) -> float:
        """SIGKILL to a process and all it started; when it was sent, in monotonic seconds."""
        pids = [process.pid, *process.children]
        died = process.kill_group()
        self.history.died |= dict.fromkeys(pids, died)
        return died

    def kill_at_work(self, process: Process) -> float:
        """The same in the middle of a job, for which it waits; the process must be a worker by itself."""

        def at_work() -> bool:
            process.signal(signal.SIGSTOP)  # or the job could end while we look
            eventually(lambda: is_stopped(process.pid))
            if any(run.pid == process.pid and run.end is None for run in runs_of(self._all_notes())):
                return True
            process.signal(signal.SIGCONT)
            return False

        eventually(at_work)
        return self.kill(process)

    def drain(self, within: float = 60, *, reviving: bool = False) -> None:
        """Wait until every job has ended.

        Args:
            reviving: bring back, as an operator would, what was buried because we killed its workers thrice.
        """
        eventually(lambda: not self.rows(f"{UNFINISHED} AND type != 'every'"), within, why=self._left)
        while reviving and self.revive():
            eventually(lambda: not self.rows(f"{UNFINISHED} AND type != 'every'"), within, why=self._left)

    def revive(self) -> int:
        """Begin anew what is taken for a poison pill; how many."""
        buried = self.rows("SELECT 1 FROM dead_letter_jobs WHERE error LIKE 'poison pill%' LIMIT 1")
        revived = (
            int(str(self.ask(lambda deployment: deployment.queue.retry_dead_letters()))) if buried else 0
        )
        self.revived += revived
        return revived

    def verdict(self) -> dict[str, list[str]]:
        """What is wrong with what has happened to the jobs stored by `store`, after a drain."""
        history = self.history
        history.died = self._deaths() | history.died
        history.effects.update(str(job) for (job,) in self.rows("SELECT job_id FROM effects"))
        history.runs += [run for run in runs_of(self._all_notes()) if run.key in history.attempted]
        history.unfinished |= {str(job) for job, *_ in self.rows(UNFINISHED)} & history.attempted
        verdict = judge(history)
        print(
            f"deaths {len(history.died)}, run again {verdict.reruns} of {len(history.runs)},"
            f" revived {self.revived}"
        )
        return verdict.faults

    def _deaths(self) -> dict[int, float]:
        """The processes that have gone by themselves; dead since their last note, as far as notes tell."""
        last = {int(str(note["pid"])): float(str(note["at"])) for note in self._all_notes()}
        return {pid: at for pid, at in last.items() if not is_running(pid)}

    def doctor(self) -> list[str]:
        """What `creche doctor` finds, with the application's own invariants."""
        with redirect_stdout(io.StringIO()) as out:
            code = run(["doctor", "--json", "--app", self._environment["CRECHE_APP"], "--db", self.url])
        assert code in {0, 1}, out.getvalue()
        checks = json.loads(out.getvalue())["checks"]
        return [
            f"{check['name']}: {check['detail']}"
            for check in checks
            if check["verdict"] == "finding" and check["name"] != "disk"
        ]

    def change(self, statement: str, *parameters: str | float) -> None:
        """Write to the database, as somebody with a shell would."""
        with self.locked() as connection:
            connection.execute(statement, parameters)

    def writable(self) -> bool:
        """Whether the database takes a write within a second or so."""
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(1500)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except apsw.BusyError:
            return False
        finally:
            connection.close()
        return True

    def ask(self, action: Callable[[Deployment], object]) -> object:
        """Do something with the application, opened as another program would."""

        async def main() -> object:
            async with self.app.open(self.url) as deployment:
                return await action(deployment)  # type: ignore[misc]

        return trio.run(main)

    def _left(self) -> object:
        return self.rows(UNFINISHED), [process.log[-5:] for process in self._processes[-3:]]

    def _all_notes(self) -> list[dict[str, object]]:
        if not self._notes.exists():
            return []
        return [json.loads(line) for line in self._notes.read_text().splitlines()]


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_stopped(pid: int) -> bool:
    """Whether a process stands still."""
    return ") T " in Path(f"/proc/{pid}/stat").read_text()


def besiege(folder: Path) -> Siege:
    """The torture application."""
    return Siege(folder, torture, "tests.torture.application:app")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def pause(seconds: float) -> None:
    """Let the processes get on with it: what is chosen here is the moment of the next blow."""
    time.sleep(seconds)


def integrity(path: Path) -> str:
    """What SQLite says of a file that nobody uses."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return str(connection.execute("PRAGMA integrity_check").get)
    finally:
        connection.close()
