"""Who a worker is, and the file lock that says that its process lives."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.app import Deployment


def worker_name(deployment: Deployment) -> str:
    """A name no other worker has had: host, process, and chance, since process numbers come again."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{deployment.random.getrandbits(32):08x}"


@contextmanager
def proof_of_life(directory: Path | None, worker: str) -> Iterator[None]:
    """Hold the worker's lock file while the block runs; the kernel lets go when the process dies.

    None: workers are on several machines, and only their silence can tell.

    flock, not fcntl: a fcntl lock goes when any descriptor of the file is
    closed. Close-on-exec, so that a child process does not keep it.
    """
    if directory is None:
        yield
        return
    directory.mkdir(mode=0o700, exist_ok=True)
    path = _lock_file(directory, worker)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def surely_dead(directory: Path | None, worker: str) -> bool:
    """Whether the worker's process is gone: its lock file is there and nobody holds it.

    A stopped process still holds its lock; then its silence decides.
    """
    if directory is None:
        return False
    path = _lock_file(directory, worker)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def forget(directory: Path | None, worker: str) -> None:
    """Remove the lock file of a dead worker, once its jobs are given back."""
    if directory is not None:
        _lock_file(directory, worker).unlink(missing_ok=True)


def _lock_file(directory: Path, worker: str) -> Path:
    return directory / f"{worker.replace('/', '_')}.lock"
