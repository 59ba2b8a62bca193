"""Where the database is: the `--db` URL, taken apart once."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from runtime.errors import UnsupportedDatabase


@dataclass(frozen=True, slots=True)
class SqliteLocation:
    """A database file on this machine."""

    path: Path
    """Absolute, so a later change of directory cannot move it."""

    @property
    def companions(self) -> Path:
        """The directory beside the file that holds workers' lock files and doorbells."""
        return self.path.with_name(self.path.name + "-workers")

    def __str__(self) -> str:
        return f"sqlite:///{str(self.path).replace('%', '%25')}"


def parse_location(url: str) -> SqliteLocation:
    """Read `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises:
        UnsupportedDatabase: another scheme, or no file name.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise UnsupportedDatabase(f"--db must be a URL such as sqlite:///shop.db, not {url!r}")
    if scheme in {"postgresql", "postgres"}:
        raise UnsupportedDatabase("PostgreSQL is not supported by this version; use sqlite:///FILE")
    if scheme != "sqlite":
        raise UnsupportedDatabase(f"--db: unknown database {scheme!r}; use sqlite:///FILE")
    if not rest.startswith("/") or not rest.removeprefix("/").strip("/"):
        raise UnsupportedDatabase(f"--db names no file: {url!r}; use sqlite:///shop.db")
    name = unquote(rest.removeprefix("/"))
    if "\0" in name or name == ":memory:":
        raise UnsupportedDatabase("--db must name a file: durable jobs need one")
    return SqliteLocation(Path(os.path.abspath(name)))  # noqa: PTH100 - resolve() would follow a link to the file
