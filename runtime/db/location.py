"""Where the database is: the `--db` URL, taken apart once."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

from runtime.errors import UnsupportedDatabase

DEFAULT_SCHEMA = "creche"
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_EXAMPLES = "use sqlite:///FILE or postgresql://HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class SqliteLocation:
    """A database file on this machine."""

    path: Path
    """Absolute, so a later change of directory cannot move it."""

    @property
    def companions(self) -> Path:
        """The directory beside the file that holds workers' lock files and doorbells."""
        return self.path.with_name(self.path.name + "-workers")

    def beside(self, suffix: str) -> Path:
        """A file of the application's own that belongs to this database."""
        return self.path.with_name(self.path.name + suffix)

    def __str__(self) -> str:
        return f"sqlite:///{str(self.path).replace('%', '%25')}"


@dataclass(frozen=True, slots=True, repr=False)
class PostgresLocation:
    """A schema in a database of a PostgreSQL server. Its text and its repr are without the password."""

    conninfo: str
    """The URL for libpq, with the password if it held one: not for people's eyes."""
    public: str
    """The same without the password."""
    secret: str
    """The password, to keep it out of messages; empty where the URL holds none."""
    schema: str

    @property
    def companions(self) -> None:
        """No lock files: workers of other machines could not see them."""
        return

    def beside(self, suffix: str) -> Path:
        """A file of the application's own, in the working directory, named after the schema."""
        return Path(os.path.abspath(self.schema + suffix))  # noqa: PTH100 - as above

    def __str__(self) -> str:
        return self.public

    def __repr__(self) -> str:
        return f"PostgresLocation({self.public!r})"


Location = SqliteLocation | PostgresLocation


def parse_location(url: str) -> Location:
    """Read `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user@host:port/database`.

    Of the second kind, `?schema=name` says where the tables are; every other
    parameter (`sslmode`, `connect_timeout`, …) is libpq's.

    Raises:
        UnsupportedDatabase: another scheme, no file name, a schema name that is none.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise UnsupportedDatabase(f"--db must be a URL such as sqlite:///shop.db, not {url!r}")
    if scheme in {"postgresql", "postgres"}:
        return _postgres(rest)
    if scheme != "sqlite":
        raise UnsupportedDatabase(f"--db: unknown database {scheme!r}; {_EXAMPLES}")
    if not rest.startswith("/") or not rest.removeprefix("/").strip("/"):
        raise UnsupportedDatabase(f"--db names no file: {url!r}; use sqlite:///shop.db")
    name = unquote(rest.removeprefix("/"))
    if "\0" in name or name == ":memory:":
        raise UnsupportedDatabase("--db must name a file: durable jobs need one")
    return SqliteLocation(Path(os.path.abspath(name)))  # noqa: PTH100 - resolve() would follow a link to the file


def is_schema_name(text: str) -> bool:
    """Whether it may name a PostgreSQL schema without quotes."""
    return _SCHEMA_NAME.fullmatch(text) is not None


def _postgres(rest: str) -> PostgresLocation:
    place, _, query = rest.partition("?")
    authority, slash, database = place.partition("/")
    user, at, hosts = authority.rpartition("@")
    name, _, secret = user.partition(":")
    options = parse_qsl(query, keep_blank_values=True)
    schema = dict(options).get("schema", DEFAULT_SCHEMA)
    if not is_schema_name(schema):
        raise UnsupportedDatabase(
            f"--db: the schema must be lower-case letters, digits and underscores, not {schema!r}"
        )
    passed = [(key, value) for key, value in options if key != "schema"]
    secret = unquote(secret) or dict(passed).get("password", "")
    shown = [(key, value) for key, value in passed if key not in {"password", "sslpassword"}]
    if schema != DEFAULT_SCHEMA:
        shown.append(("schema", schema))
    return PostgresLocation(
        conninfo=f"postgresql://{authority}{slash}{database}{_query(passed)}",
        public=f"postgresql://{name}{at}{hosts}{slash}{database}{_query(shown)}",
        secret=secret,
        schema=schema,
    )


def _query(options: list[tuple[str, str]]) -> str:
    # libpq reads %20, not +, as a space.
    return "?" + urlencode(options, quote_via=quote) if options else ""
