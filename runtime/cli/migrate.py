"""`creche migrate`: bring the database up to this version."""

from typing import TYPE_CHECKING

import click

from runtime.cli.options import app_options, json_option, option
from runtime.cli.output import print_json
from runtime.cli.target import Target

if TYPE_CHECKING:
    from runtime.app import Deployment
    from runtime.transaction import JobTransaction


@click.command()
@option(
    "--adopt",
    switch=True,
    own=True,
    explain="Put the tables into a file that holds an application's own tables.",
)
@json_option
@app_options
def migrate(target: Target, adopt: bool, as_json: bool) -> None:
    """Bring the database up to this version, in one transaction; other commands do so when they open it."""

    async def look(deployment: "Deployment") -> tuple[str, dict[str, int]]:
        return str(deployment.location), await deployment.database.read(_versions)

    location, versions = target.run(look, adopt=adopt)
    if as_json:
        print_json({"database": location, "schemas": versions})
    else:
        click.echo(f"{location} is up to date: {', '.join(f'{name} {n}' for name, n in versions.items())}")


def _versions(tx: "JobTransaction") -> dict[str, int]:
    return dict(tx.all("schema_versions", lambda schema, number: (str(schema), int(number))))
