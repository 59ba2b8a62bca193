"""`creche web` and `creche up`: as commands of this process, and as processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from runtime.cli.main import run
from tests.web.storefront.test_orders import order

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def creche(capsys, monkeypatch, path):
    monkeypatch.setenv("CRECHE_DB", f"sqlite:///{path}")
    monkeypatch.delenv("CRECHE_ADMIN_TOKEN", raising=False)

    def command(*arguments):
        code = run(arguments)
        return code, capsys.readouterr()

    return command


@pytest.mark.parametrize("name", ["web", "up"])
def test_help_names_each_options_variable_and_how_operators_are_known(creche, name):
    code, said = creche(name, "--help")

    assert code == 0
    for variable in ("CRECHE_HOST", "CRECHE_PORT", "CRECHE_ALLOW_HOST", "CRECHE_APP", "CRECHE_DB"):
        assert variable in said.out
    assert "CRECHE_ADMIN_TOKEN" in said.out
    assert ("CRECHE_WORKERS" in said.out) == (name == "up")


@pytest.mark.parametrize("name", ["web", "up"])
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "CRECHE_ADMIN_TOKEN"),
        (["--host", "shop.example"], "CRECHE_ADMIN_TOKEN"),
        (["--port", "70000"], "--port"),
        (["--port", "http"], "--port"),
        (["--app", "nosuch_module:app"], "nosuch_module"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2_and_nothing_is_made(creche, path, name, arguments, says):
    code, said = creche(name, *arguments)

    assert code == 2
    assert said.err.count("\n") == 1
    assert says in said.err
    assert not path.exists()


def test_worker_options_of_up_are_checked_too(creche, path):
    for arguments in (["--rate", "nosuch=1/s"], ["--only", "nosuch"], ["--workers", "0"]):
        code, said = creche("up", *arguments)
        assert (code, said.err.count("\n")) == (2, 1)
    assert not path.exists()


def test_a_token_that_cannot_be_one_is_said_so(creche, monkeypatch):
    monkeypatch.setenv("CRECHE_ADMIN_TOKEN", "two words")
    code, said = creche("web")
    assert code == 2
    assert "CRECHE_ADMIN_TOKEN" in said.err
    assert "two words" not in said.err


class Process:
    """A command as a process; its log is read as JSON lines."""

    def __init__(self, path, name, *arguments, **environment):
        quiet = {"SHOP_LATENCY": "0", "SHOP_FAILURES": "0", "CRECHE_DB": f"sqlite:///{path}"}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "runtime", name, "--port", "0", *arguments],
            cwd=ROOT,
            env={**os.environ, **quiet, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self.until("listening")["addresses"][0]

    def until(self, event):
        for line in self.popen.stderr:
            said = json.loads(line)
            if said["event"] == event:
                return said
        raise AssertionError(f"the log ended before {event!r}")

    def client(self, **options):
        return httpx2.Client(base_url=self.address, trust_env=False, timeout=20, **options)

    def end(self):
        for _ in self.popen.stderr:
            pass
        return self.popen.wait()


@pytest.fixture
def start(path):
    processes = []

    def begin(name, *arguments, **environment):
        processes.append(Process(path, name, *arguments, **environment))
        return processes[-1]

    yield begin
    for process in processes:
        process.popen.kill()
        process.popen.wait()
        process.popen.stderr.close()


@pytest.mark.slow
@pytest.mark.system
def test_up_serves_the_shop_and_runs_its_jobs_and_ends_with_0(start):
    process = start("up")
    with process.client() as client:
        placed = client.post("/orders", json=order())
        assert placed.status_code == 201
        with client.stream("GET", f"{placed.headers['location']}/events") as events:
            statuses = [line for line in events.iter_lines() if line.startswith("id: ")]
        assert statuses[-1] == "id: completed"
        assert client.get(f"{placed.headers['location']}/invoice.pdf").content.startswith(b"%PDF-")
        assert client.get("/health").json()["status"] == "ok"

    process.popen.send_signal(signal.SIGTERM)

    assert process.end() == 0


@pytest.mark.slow
@pytest.mark.system
def test_web_serves_but_runs_nothing(start):
    process = start("web")
    with process.client() as client:
        placed = client.post("/orders", json=order()).headers["location"]
        assert client.get(placed).json()["status"] == "paid"
        assert client.get("/admin/workers").json() == {"workers": []}
        with client.stream("GET", f"{placed}/events") as events:
            lines = events.iter_lines()
            assert next(lines) == "event: status"
            process.popen.send_signal(signal.SIGINT)
            assert any(line.startswith("data: ") for line in lines)

    assert process.end() == 0


@pytest.mark.slow
@pytest.mark.system
def test_with_a_token_operators_must_show_it(start, token):
    process = start("web", "--host", "0.0.0.0", CRECHE_ADMIN_TOKEN=token)
    with process.client() as client:
        assert client.get("/admin/queue/stats").status_code == 401
        shown = client.get("/admin/queue/stats", headers={"Authorization": f"Bearer {token}"})
        assert shown.status_code == 200


@pytest.mark.slow
@pytest.mark.system
def test_a_port_that_is_taken_is_one_line_and_exit_code_2(creche):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = creche("web", "--port", str(port), "--log-level", "error")

    assert code == 2
    assert said.err.count("\n") == 1
    assert f"127.0.0.1:{port}: another program" in said.err
