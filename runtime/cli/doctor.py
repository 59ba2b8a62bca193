"""`creche doctor`: look for trouble in the database."""

import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option
from runtime.cli.output import print_json, print_table
from runtime.cli.shapes import to_json
from runtime.cli.target import Target
from runtime.db.location import SqliteLocation
from runtime.store.doctor import Check, Verdict, examine, examine_pages, examine_writer
from runtime.store.server_doctor import examine_server

if TYPE_CHECKING:
    from runtime.app import Deployment

LARGEST_JOURNAL = 64 * 1024 * 1024
"""Bytes: above that, somebody holds a snapshot for long."""
LEAST_FREE = 256 * 1024 * 1024
"""Bytes on the disk below which the queue may soon stand still."""


@click.command()
@json_option
@app_options
def doctor(target: Target, as_json: bool) -> int:
    """Look for trouble: file, engine, schema, clock, counters, every rule that rows must keep, workers.

    Reads the whole database, on a snapshot: nobody waits for it. Exit code 0 when there is
    no trouble, 1 when something was found.
    """
    from runtime.db.location import parse_location
    from runtime.errors import ConfigurationError

    location = parse_location(target.db)
    on_file: list[Check] = []
    if isinstance(location, SqliteLocation):
        if not location.path.exists():
            raise ConfigurationError(f"there is no database at {location.path}")
        on_file = _examine_file(location.path)
    checks = [*on_file, *target.run(_examine)]
    findings = sum(check.verdict is Verdict.FINDING for check in checks)
    if as_json:
        print_json({"ok": not findings, "checks": to_json(checks)})
    else:
        rows = [(check.name, check.verdict.value, check.detail) for check in checks]
        print_table(("check", "verdict", "detail"), rows, nothing="nothing was checked")
    return 1 if findings else 0


async def _examine(deployment: "Deployment") -> list[Check]:
    database = deployment.database
    return [
        *await _examine_engine(deployment),
        *await database.read(examine, deployment.app.invariants),
        await _examine_types(deployment),
        await _examine_workers(deployment),
    ]


async def _examine_engine(deployment: "Deployment") -> list[Check]:
    database = deployment.database
    if not isinstance(deployment.location, SqliteLocation):
        return await database.read(examine_server)
    return [*await database.write(examine_writer), *await database.read(examine_pages)]


async def _examine_types(deployment: "Deployment") -> Check:
    waiting = [
        status.type
        for status in await deployment.queue.types()
        if not status.known
        and status.type not in deployment.app.handlers
        and any(not place.finished for place in status.counts)
    ]
    return Check(
        name="types",
        verdict=Verdict.FINDING if waiting else Verdict.OK,
        detail=f"jobs that nobody can run: {', '.join(waiting)}" if waiting else "all known",
    )


async def _examine_workers(deployment: "Deployment") -> Check:
    workers = await deployment.queue.workers()
    alive = sum(worker.alive for worker in workers)
    silent = len(workers) - alive
    words = f"{alive} alive" if alive else "none alive: nothing will run until one is started"
    return Check(
        name="workers",
        verdict=Verdict.OK if alive and not silent else Verdict.NOTE,
        detail=words
        + (f", {silent} silent: what they hold is given back by any that lives" if silent else ""),
    )


def _examine_file(path: Path) -> list[Check]:
    """What the file system says; the file itself is not opened, which would drop SQLite's locks on it."""
    about = path.stat()
    journal = path.with_name(path.name + "-wal")
    mode = stat.S_IMODE(about.st_mode)
    free = shutil.disk_usage(path.parent).free
    return [
        Check(
            name="file",
            verdict=Verdict.NOTE if _size(journal) > LARGEST_JOURNAL else Verdict.OK,
            detail=f"{path}: {about.st_size:,} bytes, journal {_size(journal):,} bytes",
        ),
        Check(
            name="permissions",
            verdict=Verdict.NOTE if mode & 0o077 else Verdict.OK,
            detail=f"{mode:04o}" + (": others may read the payloads" if mode & 0o044 else ""),
        ),
        Check(
            name="disk",
            verdict=Verdict.OK if free >= LEAST_FREE else Verdict.FINDING,
            detail=f"{free // 2**20:,} MiB free",
        ),
    ]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
