"""`creche copy`: from a SQLite file to a PostgreSQL server."""

import click

from runtime.cli.options import DEFAULT_APP, DEFAULT_DB, json_option, option
from runtime.cli.output import print_json, print_table
from runtime.cli.parameters import TEXT
from runtime.cli.shapes import to_json
from runtime.cli.target import Target


@click.command()
@option("--from", "source", kind=TEXT, default=DEFAULT_DB, metavar="URL", own=True, explain="A SQLite file.")
@option(
    "--to",
    "target",
    kind=TEXT,
    metavar="URL",
    own=True,
    explain="A PostgreSQL database, in a schema that is not there yet.",
)
@option("--app", kind=TEXT, default=DEFAULT_APP, metavar="MODULE:ATTR", explain="The application's App.")
@json_option
def copy(app: str, source: str, target: str | None, as_json: bool) -> None:
    """Copy an application from SQLite to PostgreSQL, and compare counts and checksums of every table.

    Stop the workers and the web first. The file stays as it is.
    """
    from runtime.clock import SystemClock
    from runtime.db.location import PostgresLocation, SqliteLocation, parse_location
    from runtime.db.opening import needs_psycopg
    from runtime.errors import ConfigurationError

    if target is None:
        raise click.UsageError("--to is missing: postgresql://HOST/DATABASE")
    here, there = parse_location(source), parse_location(target)
    if not isinstance(here, SqliteLocation) or not isinstance(there, PostgresLocation):
        raise ConfigurationError("creche copy goes from sqlite:///FILE to postgresql://HOST/DATABASE")
    if not here.path.exists():
        raise ConfigurationError(f"there is no database at {here.path}")
    with needs_psycopg():
        from runtime.db.copying import copy_to_postgres
    schemas = Target(app, source).load().schemas
    copied = copy_to_postgres(
        here, there, schemas, SystemClock(), lambda table: None if as_json else click.echo(table, err=True)
    )
    if as_json:
        print_json({"from": str(here), "to": str(there), "tables": to_json(copied)})
    else:
        rows = [(table.name, f"{table.rows:,}", table.checksum) for table in copied]
        print_table(("table", "rows", "checksum"), rows, nothing="there are no tables")
