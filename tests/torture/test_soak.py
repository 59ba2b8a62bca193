"""A long day (T33): orders at half of what it can do, beside workers that are killed, frozen and starved.

What lives through all of it must not grow: memory, open files, threads, the journal.
"""

import random
import signal
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.torture.checker import judge
from tests.torture.customers import drain, gather, order, post, stock_up
from tests.torture.siege import Siege, pause

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.torture]

CLIENTS = 4
ATTEMPT = 5.0
"""Seconds in which the site is tried out, to know what it can do."""
MEBIBYTE = 2**20
MOST_GROWTH = 8 * MEBIBYTE
"""From the third quarter to the last; before that, caches of pages fill with a database that grows."""
MOST_JOURNAL = 64 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process holds at one moment."""

    memory: int
    files: int
    threads: int
    journal: int


class Orders:
    """Clients that order at a pace, each under a key of its own, until told to stop."""

    def __init__(self, port: int, name: str, pace: float | None) -> None:
        self.attempted: set[str] = set()
        self.acknowledged: set[str] = set()
        self._port = port
        self._pace = pace
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._order, args=(f"{name}-{number}",), daemon=True)
            for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _order(self, client: str) -> None:
        number = 0
        while not self._stopping.wait(0 if self._pace is None else self._pace * CLIENTS):
            key = f"{client}-{(number := number + 1)}"
            self.attempted.add(key)
            answer = post(self._port, key, order(key))
            if answer and answer[0] == 201:
                self.acknowledged.add(key)


def sample(pid: int, shop: Siege) -> Sample:
    process = Path(f"/proc/{pid}")
    journal = Path(f"{shop.path}-wal")
    return Sample(
        memory=int((process / "statm").read_text().split()[1]) * 4096,
        files=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
        journal=journal.stat().st_size if journal.exists() else 0,
    )


def disturb(shop: Siege, dice: random.Random) -> None:
    """A worker dies, or stands still for a while; or another program holds the database."""
    worker = shop.worker("--workers", "4", "--stale-after", "3")
    pause(dice.uniform(0.5, 2))
    match dice.choice(("kill", "freeze", "hold", "stop")):
        case "kill":
            shop.kill(worker)
        case "freeze":
            worker.signal(signal.SIGSTOP)
            pause(dice.uniform(0.5, 5))
            worker.signal(signal.SIGCONT)
            worker.signal(signal.SIGTERM)
            worker.end()
        case "hold":
            with shop.locked():
                pause(dice.uniform(0.2, 2))
            shop.kill(worker)
        case "stop":
            worker.signal(signal.SIGTERM)
            worker.end()


def quarter(samples: list[Sample], number: int) -> list[Sample]:
    size = len(samples) // 4
    return samples[size * (number - 1) : size * number]


def test_what_lives_through_a_day_of_faults_does_not_grow(shop, dice, soak_seconds, measured):
    assert shop.ask(lambda deployment: deployment.queue.stats())
    stock_up(shop)
    site = shop.up("--workers", "8", "--stale-after", "3")
    trial = Orders(shop.port, "trial", None)
    pause(ATTEMPT)
    trial.stop()
    drain(shop, 240)
    capacity = len(trial.acknowledged) / ATTEMPT
    half = Orders(shop.port, "half", 2 / capacity)

    samples: list[Sample] = []
    until = time.monotonic() + soak_seconds
    disturbing = threading.Thread(target=_disturb_until, args=(shop, dice, until))
    disturbing.start()
    while time.monotonic() < until:
        pause(1)
        samples.append(sample(site.pid, shop))
    disturbing.join()
    half.stop()
    drain(shop, 240)

    half.attempted |= trial.attempted
    half.acknowledged |= trial.acknowledged
    measured("capacity", capacity, "orders/s")
    measured("orders acknowledged", len(half.acknowledged))
    third, last = quarter(samples, 3), quarter(samples, 4)
    for name in Sample.__dataclass_fields__:
        for number in range(1, 5):
            measured(f"{name}, quarter {number}, median", middle(quarter(samples, number), name))
    assert judge(gather(shop, half)).faults == {}
    assert site.running
    assert middle(last, "memory") - middle(third, "memory") < MOST_GROWTH
    # Not the most: how many connections are open at a moment is chance.
    assert middle(last, "files") <= middle(third, "files") + CLIENTS
    assert middle(last, "threads") <= middle(third, "threads") + 2
    assert max(each.journal for each in samples) < MOST_JOURNAL


def middle(samples: list[Sample], what: str) -> float:
    return statistics.median(getattr(each, what) for each in samples)


def _disturb_until(shop: Siege, dice: random.Random, until: float) -> None:
    while time.monotonic() < until:
        disturb(shop, dice)
