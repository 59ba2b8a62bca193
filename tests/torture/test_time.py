"""Time that stands still or jumps (T6, T7): fencing holds, nothing runs twice, ticks stay single."""

import signal

import pytest

from tests.system.process import eventually
from tests.torture.application import Work
from tests.torture.siege import pause
from tests.torture.tools import wall_clock

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.torture]

STALE_AFTER = 2
HOUR = 3600


def test_workers_frozen_beyond_their_lease_change_nothing_when_they_wake(siege, dice, blows, measured):
    freezes = blows(1, 20)
    options = ("--workers", "4", "--stale-after", str(STALE_AFTER))
    workers = [siege.worker(*options) for _ in range(2)]
    held = refused = 0
    for _ in range(freezes):
        siege.store(*[Work(seconds=0.4)] * 24)
        pause(dice.uniform(0.2, 0.7))
        victim = dice.choice(workers)
        siege.history.frozen.add(victim.pid)
        victim.signal(signal.SIGSTOP)
        if not siege.writable():  # frozen in the middle of a commit, which nobody can take from it
            victim.signal(signal.SIGCONT)
            siege.drain()
            continue
        mine = siege.rows(
            "SELECT id FROM jobs WHERE status = 'processing' AND locked_by LIKE ?", f"%-{victim.pid}-%"
        )
        eventually(
            lambda pid=victim.pid: not siege.rows("SELECT 1 FROM workers WHERE pid = ?", pid),
            within=STALE_AFTER + 10,
        )
        siege.drain()
        victim.signal(signal.SIGCONT)
        held += len(mine)
        eventually(lambda pid=victim.pid: siege.rows("SELECT 1 FROM workers WHERE pid = ?", pid))
    for worker in workers:
        refused += len(worker.said("stale outcome refused"))

    measured("jobs that frozen workers held", held)
    measured("stale outcomes refused", refused)
    assert held
    assert refused <= held
    assert siege.verdict() == {}


def test_wall_clocks_that_jump_make_nothing_run_twice_and_no_tick_double(
    siege, tmp_path, dice, blows, measured
):
    offset = tmp_path / "offset"
    offset.write_text("+0")
    environment = wall_clock(offset)
    siege.store(*[Work(seconds=0.3)] * 40)
    for _ in range(2):
        process = siege.start("worker", "--workers", "2", "--stale-after", str(STALE_AFTER), **environment)
        process.until("worker started")
    jumps = [HOUR, -HOUR, 24 * HOUR, 300, -300, 0]
    for _ in range(blows(4, 12)):
        offset.write_text(f"{dice.choice(jumps):+d}")
        pause(0.5)
    siege.drain()

    verdict = siege.verdict()
    assert verdict == {}
    assert (
        siege.rows("SELECT * FROM job_attempts WHERE outcome = 'crashed'") == []
    )  # nobody was taken for dead
    assert len(siege.notes("start")) >= 40
    ticks = siege.rows("SELECT count(*), count(DISTINCT tick_at) FROM cron_ticks")[0]
    measured("ticks", ticks[0])
    assert ticks[0] == ticks[1]
