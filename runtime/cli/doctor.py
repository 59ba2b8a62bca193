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
from runtime.store.doctor import Check, Verdict, examine, examine_engine

if TYPE_CHECKING:
    from runtime.app import Deployment

LEAST_FREE = 256 * 1024 * 1024
"""Bytes on the disk below which the queue may soon stand still."""


@click.command()
@json_option
@app_options
def doctor(target: Target, as_json: bool) -> int:
    """Look for trouble: file, engine, schema, counters, stuck rows, types that nobody runs.

    Exit code 0 when there is none, 1 when something was found.
    """
    from runtime.db.location import parse_location
    from runtime.errors import ConfigurationError

    path = parse_location(target.db).path
    if not path.exists():
        raise ConfigurationError(f"there is no database at {path}")
    checks = [*_examine_file(path), *target.run(_examine)]
    findings = sum(check.verdict is Verdict.FINDING for check in checks)
    if as_json:
        print_json({"ok": not findings, "checks": to_json(checks)})
    else:
        rows = [(check.name, check.verdict.value, check.detail) for check in checks]
        print_table(("check", "verdict", "detail"), rows, nothing="nothing was checked")
    return 1 if findings else 0


async def _examine(deployment: "Deployment") -> list[Check]:
    engine = await deployment.database.write(examine_engine)
    tables = await deployment.database.read(examine)
    return [*engine, *tables, await _examine_types(deployment), await _examine_workers(deployment)]


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
    alive = [worker for worker in await deployment.queue.workers() if worker.alive]
    return Check(
        name="workers",
        verdict=Verdict.OK if alive else Verdict.NOTE,
        detail=f"{len(alive)} alive" if alive else "none alive: nothing will run until one is started",
    )


def _examine_file(path: Path) -> list[Check]:
    """What the file system says; the file itself is not opened, which would drop SQLite's locks on it."""
    about = path.stat()
    journal = path.with_name(path.name + "-wal")
    sizes = f"{about.st_size:,} bytes, journal {journal.stat().st_size if journal.exists() else 0:,} bytes"
    mode = stat.S_IMODE(about.st_mode)
    free = shutil.disk_usage(path.parent).free
    return [
        Check(name="file", verdict=Verdict.OK, detail=f"{path}: {sizes}"),
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
