"""Who a worker is, and the lock by which others know that its process is gone."""

import os
import random
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from runtime.worker.identity import forget, proof_of_life, surely_dead, worker_name


async def test_no_two_workers_have_one_name_and_it_tells_host_and_process(autojump_clock, deployment):
    names = {worker_name(deployment) for _ in range(100)}

    assert len(names) == 100
    assert all(name.startswith(f"{socket.gethostname()[:40]}-{os.getpid()}-") for name in names)


async def test_the_same_seed_gives_the_same_name(autojump_clock, deployment):
    first, second = (replace(deployment, random=random.Random(5)) for _ in range(2))

    assert worker_name(first) == worker_name(second)


def test_a_worker_that_lives_is_not_dead_and_leaves_nothing_behind(tmp_path):
    directory = tmp_path / "workers"
    with proof_of_life(directory, "w1"):
        assert not surely_dead(directory, "w1")
        assert not surely_dead(directory, "w1"), "looking does not take the lock away"

    assert list(directory.iterdir()) == []
    assert not surely_dead(directory, "w1"), "no lock file: nothing is sure"


def test_only_one_can_be_that_worker(tmp_path):
    with proof_of_life(tmp_path, "w1"):
        with pytest.raises(BlockingIOError), proof_of_life(tmp_path, "w1"):
            pass
        with proof_of_life(tmp_path, "w2"):
            pass


def test_the_lock_files_are_their_owners_alone(tmp_path):
    directory = tmp_path / "workers"
    with proof_of_life(directory, "w1"):
        (file,) = directory.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert directory.stat().st_mode & 0o777 == 0o700


LIVE = """
import subprocess, sys
from pathlib import Path
from runtime.worker.identity import proof_of_life
with proof_of_life(Path(sys.argv[1]), "w1"):
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=sys.stdin)
    print("alive", flush=True)
    child.wait()
"""


@pytest.mark.slow
def test_a_killed_process_is_surely_dead_although_its_child_lives(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", LIVE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"alive\n"
        assert not surely_dead(tmp_path, "w1")

        process.kill()
        process.wait()

        assert surely_dead(tmp_path, "w1")
        forget(tmp_path, "w1")
        assert list(tmp_path.iterdir()) == []
        forget(tmp_path, "w1")
