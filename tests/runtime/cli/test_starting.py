"""Signals that come while a process still starts."""

import signal
import subprocess
import sys

import pytest

from runtime.cli.starting import leaving_at_once
from tests.runtime.cli.conftest import ROOT

WAITS = """
import signal
from runtime.cli.starting import leaving_at_once
with leaving_at_once():
    print("starting", flush=True)
    signal.pause()
"""


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_is_an_orderly_end(number):
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "starting\n"

        process.send_signal(number)

        assert process.wait() == 0


def test_afterwards_signals_are_as_before():
    before = signal.getsignal(signal.SIGTERM)

    with leaving_at_once():
        pass

    assert signal.getsignal(signal.SIGTERM) is before


def test_who_has_made_the_process_deaf_is_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    try:
        with leaving_at_once():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
