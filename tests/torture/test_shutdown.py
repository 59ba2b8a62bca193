"""Shutdown (T19 to T21): at any moment, however often asked, whatever clients and handlers do, in time."""

import signal
import socket
import time
from contextlib import ExitStack

import pytest

from tests.system.process import eventually
from tests.torture.application import Misbehave, Work
from tests.torture.siege import pause

pytestmark = [pytest.mark.slow, pytest.mark.system]

GRACE = 1.0
BOUND = GRACE + 2
MARGIN = 1.0
"""Seconds beyond what is promised: the machine is busy with other tests too."""
UNHEARD = -signal.SIGTERM
"""The exit code where the signal came before the command had begun to listen."""


def test_a_signal_at_any_moment_ends_a_worker_in_order(siege, dice, blows, measured):
    signals = blows(4, 40)
    siege.store(*[Work(seconds=0.1)] * (15 * signals))
    slowest = 0.0
    for _ in range(signals):
        worker = siege.start("worker", "--workers", "4", "--grace", str(GRACE))
        pause(dice.uniform(0.1, 1.6))  # while it starts, claims, runs, or writes endings

        asked = worker.signal(signal.SIGTERM)

        assert worker.end() in {0, UNHEARD}
        slowest = max(slowest, time.monotonic() - asked)
        assert siege.rows("SELECT * FROM jobs WHERE status = 'processing'") == []
        assert siege.rows("SELECT * FROM workers") == []
    measured("signals", signals)
    measured("slowest end", slowest, "s")
    assert slowest < BOUND
    siege.worker("--workers", "50")
    siege.drain()
    assert siege.verdict() == {}
    assert siege.rows("SELECT id FROM jobs WHERE attempts > 1 OR crashes > 0") == []  # no attempt used up


@pytest.mark.torture
def test_a_signal_at_any_moment_ends_site_and_worker_together(siege, dice, blows, measured):
    signals = blows(2, 20)
    siege.store(*[Work(seconds=0.1)] * (15 * signals))
    slowest = 0.0
    for _ in range(signals):
        process = siege.start("up", "--port", str(siege.port), "--grace", str(GRACE))
        pause(dice.uniform(0.3, 2))
        asked = process.signal(signal.SIGTERM)
        assert process.end() in {0, UNHEARD}
        slowest = max(slowest, time.monotonic() - asked)
        assert siege.rows("SELECT * FROM jobs WHERE status = 'processing'") == []
    measured("slowest end", slowest, "s")
    assert slowest < BOUND
    siege.worker("--workers", "50")
    siege.drain()
    assert siege.verdict() == {}


@pytest.mark.parametrize(
    "numbers",
    [
        [signal.SIGTERM, signal.SIGINT],
        pytest.param([signal.SIGINT, signal.SIGTERM], marks=pytest.mark.torture),
        pytest.param([signal.SIGTERM] * 50, marks=pytest.mark.torture),
    ],
    ids=lambda numbers: "-".join(number.name for number in numbers[:2]) + f"-{len(numbers)}",
)
def test_signals_that_come_together_are_not_taken_for_one(siege, measured, numbers):
    siege.store(Work(seconds=60))
    worker = siege.worker("--grace", "600")
    eventually(lambda: siege.notes("start"))

    for number in numbers:
        asked = worker.signal(number)
        pause(0.02 if len(numbers) > 2 else 0)  # of two alike that come at once the kernel makes one

    assert worker.end() == 0
    took = time.monotonic() - asked
    measured("signal to exit", took, "s")
    assert took < 2 + MARGIN
    assert siege.rows("SELECT status, attempts, crashes FROM jobs WHERE type = 'work'") == [("pending", 0, 0)]


def test_clients_that_do_not_read_do_not_hold_it_up(siege, measured):
    process = siege.up("--grace", str(GRACE))
    with ExitStack() as deaf:
        for _ in range(5):
            client = deaf.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.connect(("127.0.0.1", siege.port))
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        pause(0.5)

        asked = process.signal(signal.SIGTERM)

        assert process.end() == 0
    took = time.monotonic() - asked
    measured("signal to exit", took, "s")
    assert took < BOUND + MARGIN


@pytest.mark.torture
@pytest.mark.parametrize("how", ["swallow for long", "shield"])
def test_handlers_that_do_not_end_do_not_hold_it_up(siege, measured, how):
    siege.enqueue(Misbehave(how=how), app=siege.app)
    worker = siege.worker("--grace", str(GRACE))
    eventually(lambda: siege.notes("start"))

    asked = worker.signal(signal.SIGTERM)

    assert worker.end() == 70
    took = time.monotonic() - asked
    measured("signal to exit", took, "s")
    assert took < BOUND + MARGIN
    assert siege.rows("SELECT * FROM jobs WHERE status = 'processing'") == []  # given back before


@pytest.mark.torture
def test_a_database_that_is_held_does_not_hold_it_up(siege, measured):
    siege.store(Work(seconds=0.4))
    worker = siege.worker("--grace", str(GRACE))
    eventually(lambda: siege.notes("start"))
    with siege.locked():
        eventually(lambda: siege.notes("end"))

        asked = worker.signal(signal.SIGTERM)

        worker.end()
        took = time.monotonic() - asked
    measured("signal to exit", took, "s")
    assert took < BOUND + MARGIN
    siege.worker()
    siege.drain()
    assert siege.verdict() == {}
