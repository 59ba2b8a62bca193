"""The doorbell: one ring a process, a hint that may be lost and that never blocks or fails."""

import os
import socket
from pathlib import Path

import pytest
import trio

from runtime.clock import SystemClock
from runtime.db.doorbell import Doorbell, silent
from tests.runtime.store.synchronous import StillClock

OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture
def hang(tmp_path):
    """Hangs a bell into a directory; takes all of them away at the end."""
    bells = []

    def bell(name, directory=tmp_path / "bells", clock=SystemClock()):  # noqa: B008 - it has no state
        bells.append(Doorbell(directory, name, clock))
        return bells[-1]

    yield bell
    for one in bells:
        one.close()


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


class Ear:
    """Hears a bell."""

    def __init__(self):
        self.heard = []
        self.rung = trio.Event()

    def __call__(self, subjects):
        self.heard.append(subjects)
        self.rung.set()


async def ring_of(bell, ringing):
    """What a bell says once it has been rung."""
    ear = Ear()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bell.run, ear)
        ringing()
        with trio.fail_after(5):
            await ear.rung.wait()
        nursery.cancel_scope.cancel()
    return ear.heard


async def test_a_ring_tells_the_others_what_about_and_not_oneself(hang):
    here, there, elsewhere = hang("a"), hang("b"), hang("c")

    assert await ring_of(there, lambda: here.ring(frozenset({"due", "control"}))) == [{"due", "control"}]
    assert await ring_of(elsewhere, lambda: None) == [{"due", "control"}]
    ear = Ear()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(here.run, ear)
        assert await ring_of(there, lambda: here.ring(frozenset({"due"})))
        nursery.cancel_scope.cancel()
    assert ear.heard == []


async def test_who_was_away_hears_what_was_rung_meanwhile(hang):
    here, there = hang("a"), hang("b")
    here.ring(frozenset({"due"}))

    assert await ring_of(there, lambda: None) == [{"due"}]


async def test_a_bell_that_nobody_reads_does_not_hold_up_who_rings(hang):
    here, there = hang("a"), hang("b")

    for _ in range(5000):  # far more than a socket holds
        here.ring(frozenset({"due"}))

    assert (await ring_of(there, lambda: None))[0] == {"due"}


CHANGED = 1_000_000_000
"""When the directory changed last, in seconds since 1970 UTC."""


@pytest.fixture
def unnoticed(hang, tmp_path):
    """So long after the last change a bell is rung; then another is hung, at the same time of change."""

    def hung(seconds):
        here = hang("a", clock=StillClock(CHANGED + seconds))
        os.utime(tmp_path / "bells", (CHANGED, CHANGED))
        here.ring(frozenset({"before"}))
        there = hang("b")
        os.utime(tmp_path / "bells", (CHANGED, CHANGED))
        return here, there

    return hung


async def test_a_bell_hung_in_the_moment_of_the_last_change_is_rung(unnoticed):
    """The directory's time of change says nothing of it: it is too coarse."""
    here, there = unnoticed(0.5)

    assert await ring_of(there, lambda: here.ring(frozenset({"due"}))) == [{"due"}]


async def test_a_directory_that_has_not_changed_for_long_is_not_listed_at_each_ring(unnoticed, tmp_path):
    here, there = unnoticed(2.0)
    here.ring(frozenset({"unheard"}))
    os.utime(tmp_path / "bells")  # what the new bell itself had done

    assert await ring_of(there, lambda: here.ring(frozenset({"heard"}))) == [{"heard"}]


async def test_the_bell_of_a_dead_process_is_taken_away(hang, tmp_path):
    here = hang("a")
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    dead.bind(str(tmp_path / "bells" / "dead.bell"))
    dead.close()

    here.ring(frozenset({"due"}))

    assert names(tmp_path / "bells") == {"a.bell"}


async def test_other_files_are_left_alone_and_disturb_nobody(hang, tmp_path):
    here, there = hang("a"), hang("b")
    (tmp_path / "bells" / "worker.lock").write_text("")
    (tmp_path / "bells" / "file.bell").write_text("no socket")

    assert await ring_of(there, lambda: here.ring(frozenset({"due"})))

    assert {"worker.lock", "b.bell"} <= names(tmp_path / "bells")


async def test_a_path_longer_than_a_socket_address_is_reached_all_the_same(hang, tmp_path):
    deep = tmp_path / ("d" * 120)
    here, there = hang("a", deep), hang("b", deep)

    assert await ring_of(there, lambda: here.ring(frozenset({"due"}))) == [{"due"}]


async def test_ringing_where_the_directory_is_gone_fails_nobody(hang, tmp_path):
    here = hang("a")
    (tmp_path / "bells" / "a.bell").unlink()
    (tmp_path / "bells").rmdir()

    here.ring(frozenset({"due"}))
    silent(frozenset({"due"}))


async def test_a_closed_bell_leaves_nothing_behind(tmp_path):
    before = len(names(OPEN_FILES))
    Doorbell(tmp_path / "bells", "a", SystemClock()).close()

    assert names(tmp_path / "bells") == set()
    assert len(names(OPEN_FILES)) == before


async def test_the_directory_is_its_owners_alone(hang, tmp_path):
    hang("a")

    assert (tmp_path / "bells").stat().st_mode & 0o777 == 0o700
