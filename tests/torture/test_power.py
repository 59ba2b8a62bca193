"""Power failure (T5): what was acknowledged is there again; without syncing it would not be."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from tests.system.process import ROOT, eventually
from tests.torture.siege import integrity, pause
from tests.torture.tools import tool

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.torture]

LOSSY = Path(__file__).with_name("lossyfs.py")


@contextmanager
def lossy_disk(backing: Path, mount: Path, seed: int):
    """A disk without power backup; yields what pulls the plug."""
    python = tool("python")
    if (
        not Path("/dev/fuse").exists()
        or subprocess.run([python, "-c", "import mfusepy"], check=False).returncode
    ):
        pytest.skip("needs /dev/fuse, libfuse and mfusepy: make torture-tools")
    backing.mkdir()
    mount.mkdir()
    disk = subprocess.Popen([python, LOSSY, backing, mount], env={**os.environ, "SEED": str(seed)})

    def lose_power(how: signal.Signals) -> None:
        disk.send_signal(how)
        disk.wait()

    try:
        eventually(mount.is_mount)
        yield lose_power
    finally:
        disk.kill()
        disk.wait()
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True)


def lose_power_while_enqueueing(folder: Path, durability: str, seed: int, after: float) -> tuple[int, int]:
    """How many jobs were acknowledged, and how many of them are gone."""
    folder.mkdir()
    mount = folder / "mount"
    with lossy_disk(folder / "disk", mount, seed) as lose_power:
        command = [sys.executable, "-m", "tests.torture.enqueuer", f"sqlite:///{mount}/power.db", durability]
        with (folder / "acknowledged").open("wb") as out:
            enqueuer = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL)
        eventually(lambda: (folder / "acknowledged").stat().st_size)
        pause(after)
        lose_power(signal.SIGKILL if seed % 2 else signal.SIGUSR1)
        enqueuer.kill()
        enqueuer.wait()
    whole, _, _ = (folder / "acknowledged").read_bytes().rpartition(b"\n")
    said = {int(line) for line in whole.splitlines()}
    database = folder / "disk" / "power.db"
    assert integrity(database) == "ok"
    connection = apsw.Connection(str(database))
    there = {job for (job,) in connection.execute("SELECT id FROM jobs")}
    connection.close()
    return len(said), len(said - there)


def test_what_was_acknowledged_survives_and_without_syncing_it_would_not(tmp_path, dice, blows, measured):
    acknowledged = lost = lost_by_control = 0
    for number in range(blows(2, 10)):
        outcome = lose_power_while_enqueueing(
            tmp_path / f"full-{number}", "full", number, dice.uniform(0.3, 1.5)
        )
        acknowledged += outcome[0]
        lost += outcome[1]
    for number in range(4):
        lost_by_control += lose_power_while_enqueueing(
            tmp_path / f"normal-{number}", "normal", number, dice.uniform(0.5, 1.5)
        )[1]

    measured("acknowledged", acknowledged)
    measured("lost", lost)
    measured("lost without syncing", lost_by_control)
    assert acknowledged > 0
    assert lost == 0
    assert lost_by_control > 0, "a disk that loses nothing proves nothing"
