"""`python -m bench COMMAND`: see README.md for how to read the figures."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import click
import trio

from bench.machine import machine
from bench.measurement import Measurement, lines, table
from bench.setting import ROWS, Setting, scratch
from runtime.cli.failures import explain


@dataclass(frozen=True, slots=True)
class Defaults:
    """How much of it, where nothing is said."""

    jobs: int
    workers: int
    """Runners a process."""
    rounds: int


DEFAULTS: Mapping[str, Defaults] = MappingProxyType(
    {
        "throughput": Defaults(20_000, 64, 5),
        "runners": Defaults(10_000, 1024, 3),
        "enqueue": Defaults(5_000, 0, 3),
        "e2e": Defaults(10_000, 64, 3),
        "latency": Defaults(1_000, 8, 1),
        "io": Defaults(2_000, 100, 5),
        "http": Defaults(2_000, 8, 3),
        "scale": Defaults(3_000, 64, 5),
        "limits": Defaults(20_000, 64, 5),
        "batch": Defaults(20_000, 64, 5),
        "memory": Defaults(200_000, 64, 1),
        "prune": Defaults(50_000, 64, 6),
        "start": Defaults(7, 8, 1),
        "peers": Defaults(4_000, 64, 1),
    }
)


def _rows(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    if text is None:
        return ROWS
    try:
        found = tuple(int(part.replace("_", "")) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise click.BadParameter("must be whole numbers above zero with commas between them")
    return found


@click.command()
@click.argument("what", type=click.Choice(list(DEFAULTS)))
@click.option("--jobs", type=click.IntRange(1), help="How many; each measurement has its own default.")
@click.option("--workers", type=click.IntRange(1, 10_000), help="Runners a process; likewise.")
@click.option("--rounds", type=click.IntRange(1), help="How often each side of a comparison; likewise.")
@click.option(
    "--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="Worker processes."
)
@click.option("--rows", callback=_rows, metavar="N,N,…", help="scale: how many rows lie in the queue.")
@click.option(
    "--batch", type=click.IntRange(1, 1000), default=100, show_default=True, help="batch: jobs a call."
)
@click.option("--db", metavar="URL", help="Instead of new databases in this directory.")
@click.option(
    "--durability",
    type=click.Choice(["full", "normal"]),
    default="full",
    show_default=True,
    help="full: what is acknowledged survives power loss.",
)
@click.option("--own-jobs", is_flag=True, help="http: also beside the orders' own jobs, PDFs too.")
@click.option("--peer", "peers", multiple=True, metavar="NAME", help="peers: this one alone. Repeatable.")
@click.option(
    "--peers-folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".bench-peers"),
    show_default=True,
    help="peers: where each has its own virtual environment.",
)
@click.option(
    "--results", type=click.Path(path_type=Path, file_okay=False), help="Write JSON and pictures there, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def main(
    what: str,
    *,
    jobs: int | None,
    workers: int | None,
    rounds: int | None,
    processes: int,
    rows: tuple[int, ...],
    batch: int,
    db: str | None,
    durability: str,
    own_jobs: bool,
    peers: tuple[str, ...],
    peers_folder: Path,
    results: Path | None,
    as_json: bool,
) -> None:
    """Measure; the last lines on standard output are one JSON object a measurement."""
    defaults = DEFAULTS[what]
    with scratch() as folder:
        setting = Setting(
            jobs=jobs or defaults.jobs,
            workers=workers or defaults.workers,
            rounds=rounds or defaults.rounds,
            folder=folder,
            db=db,
            durable=durability == "full",
            processes=processes,
            rows=rows,
            batch=batch,
            own_jobs=own_jobs,
            peers=peers,
            peers_folder=peers_folder.absolute(),
        )
        about = machine(folder)
        found = _measure(what, setting)
    if not as_json:
        print(table(found))
    if results is not None:
        from bench.results import save

        for file in save(what, found, setting, about, results):
            print(f"wrote {file}", file=sys.stderr)
    print(lines(found, setting, about))


def _measure(what: str, setting: Setting) -> list[Measurement]:
    measure = importlib.import_module(f"bench.{what}").measure

    async def checked() -> list[Measurement]:
        await setting.check()
        found: list[Measurement] = await measure(setting)
        return found

    try:
        return trio.run(checked)
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no figure to report
        code, line = explain(error)
        print(f"bench: {line}", file=sys.stderr)
        sys.exit(code)


if __name__ == "__main__":
    main()
