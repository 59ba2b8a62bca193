"""`python -m bench COMMAND`: see README.md for how to read the figures."""

import importlib

import click

from bench.harness import Setting, database, run

# What is measured: its default number of jobs, and of runners a process.
DEFAULTS = {"throughput": (20_000, 64), "enqueue": (5_000, 0), "latency": (500, 8), "io": (2_000, 100)}


@click.command()
@click.argument("what", type=click.Choice(list(DEFAULTS)))
@click.option("--jobs", type=click.IntRange(1), help="How many; each measurement has its own default.")
@click.option("--workers", type=click.IntRange(1, 10_000), help="Runners a process; likewise.")
@click.option(
    "--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Worker processes."
)
@click.option("--db", metavar="URL", help="Instead of a new database in this directory.")
@click.option(
    "--durability",
    type=click.Choice(["full", "normal"]),
    default="full",
    show_default=True,
    help="full: what is acknowledged survives power loss.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def main(
    what: str,
    *,
    jobs: int | None,
    workers: int | None,
    processes: int,
    db: str | None,
    durability: str,
    as_json: bool,
) -> None:
    """Measure; the last lines on standard output are one JSON object a measurement."""
    default_jobs, default_workers = DEFAULTS[what]
    with database(db) as url:
        setting = Setting(
            jobs=jobs or default_jobs,
            workers=workers or default_workers,
            db=url,
            durable=durability == "full",
            processes=processes,
        )
        run(importlib.import_module(f"bench.{what}").measure, setting, as_json=as_json)


if __name__ == "__main__":
    main()
