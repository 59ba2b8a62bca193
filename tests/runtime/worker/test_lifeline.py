"""A child learns of its parent's death."""

import os
import signal
import subprocess
import sys

import pytest

from runtime.worker.lifeline import SLOT, open_lifeline, stop_with_parent

CHILD = """
import os, signal
from runtime.worker.lifeline import stop_with_parent
stop_with_parent()
print("CRECHE_PARENT_PIPE" in os.environ, os.environ["CRECHE_PROCESS"], flush=True)
signal.pause()
"""


@pytest.mark.slow
@pytest.mark.system
def test_a_child_gets_sigterm_when_the_lifeline_ends():
    with open_lifeline() as lifeline:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            env=lifeline.environment(3),
            pass_fds=[lifeline.descriptor],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == "False 3\n"
        assert child.poll() is None

    with child:
        assert child.wait() == -signal.SIGTERM


def test_a_lifeline_is_in_the_childs_environment_only():
    with open_lifeline() as lifeline:
        assert lifeline.environment(1)[SLOT] == "1"
        assert SLOT not in os.environ


def test_without_a_parent_nothing_waits():
    environment = {"HOME": "/"}

    stop_with_parent(environment)

    assert environment == {"HOME": "/"}
