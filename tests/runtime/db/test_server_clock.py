"""The server's time, carried on by this machine's clock: never ahead of it, and asked anew when it is old."""

import pytest

from runtime.db.server_clock import FRESH, SLACK, ServerClock


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, now: float, since_boot: float) -> None:
        self.wall, self.since_boot = now, since_boot

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.since_boot


@pytest.fixture
def own():
    return HandClock(now=1000.0, since_boot=50.0)


@pytest.fixture
def clock(own):
    return ServerClock(own, "server")


def test_before_the_server_was_heard_it_is_this_machines_time_and_not_fresh(clock):
    assert clock.now() == 1000.0
    assert not clock.fresh


def test_it_follows_the_server_and_stays_a_little_behind(own, clock):
    clock.heard(2000.0, 49.0, 50.0)
    own.since_boot += 5

    assert clock.now() == pytest.approx(2005.0 - SLACK)
    assert clock.fresh


@pytest.mark.parametrize("delay", [0.0, 0.1, 3.0])
def test_however_long_the_answer_took_it_is_not_ahead_of_the_server(own, clock, delay):
    said_at = own.since_boot
    own.since_boot += delay
    clock.heard(2000.0, said_at, own.since_boot)

    assert clock.now() <= 2000.0 + delay


def test_it_follows_a_server_whose_clock_was_set_back(own, clock):
    clock.heard(2000.0, 49.0, 50.0)
    clock.heard(1900.0, 49.0, 50.0)

    assert clock.now() == pytest.approx(1900.0 - SLACK)


def test_what_was_heard_long_ago_is_not_fresh(own, clock):
    clock.heard(2000.0, 49.0, 50.0)
    own.since_boot += FRESH - 0.1
    assert clock.fresh
    own.since_boot += 0.2
    assert not clock.fresh
