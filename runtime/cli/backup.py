"""`creche backup`: a copy of the database while it is in use."""

from pathlib import Path

import click

from runtime.cli.options import app_options, json_option
from runtime.cli.output import print_json
from runtime.cli.target import Target


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@app_options
def backup(target: Target, file: Path, as_json: bool) -> None:
    """Copy the database to the new file FILE while it is in use.

    The copy is one moment's state, checked, and on the disk when the command ends. To restore it, stop
    everything and put it in the database's place, without the old -wal and -shm files; what ran at that
    moment runs again.
    """
    from runtime.db.backup import back_up
    from runtime.db.location import SqliteLocation, parse_location
    from runtime.errors import ConfigurationError

    location = parse_location(target.db)
    if not isinstance(location, SqliteLocation):
        raise ConfigurationError("creche backup copies SQLite files; for PostgreSQL use pg_dump")
    if not location.path.exists():
        raise ConfigurationError(f"there is no database at {location.path}")
    # On this thread, so that Ctrl-C ends it between two steps.
    size = back_up(location.path, file.absolute(), lambda _done, _pages: None)
    if as_json:
        print_json({"file": str(file.absolute()), "bytes": size})
    else:
        click.echo(f"{file}: {size:,} bytes")
