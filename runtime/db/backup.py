"""Backup: a consistent copy of a database file that others go on using.

SQLite's backup interface reads one snapshot through a connection that cannot
write, so nobody waits. The copy appears under its name whole and checked, or
not at all, and never over a file that is there.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import apsw

from runtime.db.sqlite_connection import APPLICATION_ID, open_reader, translated
from runtime.errors import ConfigurationError, DatabaseError

STEP = 1000
"""Pages copied at a time: 4 MiB."""

Progress = Callable[[int, int], None]
"""Told how many pages are copied, of how many."""


def back_up(source: Path, target: Path, progress: Progress) -> int:
    """Copy `source` to the new file `target`, readable by its owner alone; return the bytes it has.

    It blocks; what `progress` raises ends it, and nothing is left behind.

    Raises:
        ConfigurationError: there is something at `target`, or it cannot be written.
        DatabaseError: the source cannot be read, or the copy is not what it should be.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already; a backup never overwrites")
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _copy(source, part, progress)
        _check(part)
        _sync(part)
        os.link(part, target)  # unlike a rename it fails where somebody was quicker
        _sync(target.parent)
        return target.stat().st_size
    except FileExistsError as error:
        raise ConfigurationError(f"{target} is there already; a backup never overwrites") from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {target}: {error.strerror}") from error
    finally:
        for leftover in (part, part.with_name(f"{part.name}-journal")):
            leftover.unlink(missing_ok=True)


def _copy(source: Path, part: Path, progress: Progress) -> None:
    reader = open_reader(source)
    try:
        with translated(f"cannot copy {source}"):
            # One snapshot for all steps: else every commit of another process would begin the copy anew.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            copy = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                with copy.backup("main", reader, "main") as backup:
                    while not backup.done:
                        backup.step(STEP)
                        progress(backup.page_count - backup.remaining, backup.page_count)
                copy.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, not three
            finally:
                copy.close()
    finally:
        reader.close()


def _check(part: Path) -> None:
    with translated("the copy cannot be read"):
        copy = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            damage = [str(line) for (line,) in copy.execute("PRAGMA integrity_check(5)") if line != "ok"]
            owner = copy.execute("PRAGMA application_id").get
            ours = copy.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'creche_migrations'").get
        finally:
            copy.close()
    if damage:
        raise DatabaseError(f"the copy is damaged, and so is the database: {'; '.join(damage)}")
    if not ours or owner not in {0, APPLICATION_ID}:
        raise ConfigurationError("that database is not Creche's")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
