"""A progress bar for `--drain`: on a terminal, and only there."""

import os
import subprocess
import sys

import pytest

from tests.runtime.cli.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.system]


def drain_on_a_terminal(path, **more: str) -> str:
    """What `creche worker --drain` writes to a terminal."""
    terminal, other_end = os.openpty()
    worker = subprocess.Popen(
        [sys.executable, "-m", "runtime", "worker", "--drain", "--app", "tests.runtime.cli.sample:app"],
        cwd=ROOT,
        env={**os.environ, "CRECHE_DB": f"sqlite:///{path}", "TERM": "xterm", **more},
        stderr=other_end,
    )
    os.close(other_end)
    shown = bytearray()
    with worker, os.fdopen(terminal, "rb", buffering=0) as reader:
        try:
            while part := reader.read(4096):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
    assert worker.returncode == 0
    return shown.decode()


def test_on_a_terminal_a_bar_counts_to_the_end(creche, path):
    creche("enqueue", "greet", "--count", "5")

    shown = drain_on_a_terminal(path)

    assert "draining" in shown
    assert "5/5" in shown
    assert "worker stopped" in shown


def test_of_several_processes_only_the_first_draws_it(creche, path):
    creche("enqueue", "greet", "--count", "5")

    shown = drain_on_a_terminal(path, CRECHE_PROCESS="1")

    assert "draining" not in shown
    assert "worker stopped" in shown


def test_into_a_pipe_only_the_log_is_written(creche, start):
    creche("enqueue", "greet", "--count", "5")
    process = start("worker", "--drain")

    assert process.end() == 0
    assert process.events == ["worker started", "worker stopping", "worker stopped"]
