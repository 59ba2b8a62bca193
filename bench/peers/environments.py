"""A virtual environment a peer, made where there is none and kept for the next run."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import trio

from bench.peers.catalog import Peer

INSTALL_SECONDS = 300.0
NEWER_PYTHONS = ("python3.13", "python3.12")
"""Tried where a peer does not install for this interpreter."""


class Unavailable(Exception):
    """A peer that cannot be measured here; the message says why."""


async def python_of(peer: Peer, folder: Path, interpreters: Sequence[str] = ()) -> Path:
    """The interpreter of a peer's environment.

    Args:
        folder: where the environments are.
        interpreters: what to make one with, the next where a peer does not install for the one before;
            by default this one and newer ones.

    Raises:
        Unavailable: it cannot be installed, or nobody has written an adapter.
    """
    if not peer.adapter:
        raise Unavailable("no adapter: it could never be installed where this was written")
    # Variants of one package share its environment.
    home = folder / peer.packages[0].partition("[")[0]
    python = home / "bin" / "python"
    if (home / "installed").exists():
        return python
    reasons = []
    for base in interpreters or (sys.executable, *filter(None, map(shutil.which, NEWER_PYTHONS))):
        shutil.rmtree(home, ignore_errors=True)
        reasons.append(await _install(base, home, peer))
        if reasons[-1] is None:
            (home / "installed").touch()
            return python
    shutil.rmtree(home, ignore_errors=True)
    raise Unavailable(f"pip cannot install {' '.join(peer.packages)}: {reasons[0]}")


async def version_of(peer: Peer, python: Path) -> str:
    """The version that is installed."""
    name = peer.packages[0].partition("[")[0]
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    done = await trio.run_process([str(python), "-c", code], capture_stdout=True)
    return done.stdout.decode().strip()


async def _install(base: str, home: Path, peer: Peer) -> str | None:
    """None when it worked, else the last line of what went wrong."""
    commands = (
        [base, "-m", "venv", str(home)],
        [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--only-binary", ":all:", *peer.packages],
    )  # fmt: skip
    for command in commands:
        done = await _run(command)
        if done is None:
            return "it took too long"
        if done.returncode:
            lines = done.stderr.decode().strip().splitlines()
            return lines[-1] if lines else f"exit code {done.returncode}"
    return None


async def _run(command: list[str]) -> subprocess.CompletedProcess[bytes] | None:
    with trio.move_on_after(INSTALL_SECONDS):
        return await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    return None
