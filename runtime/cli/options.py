"""The options that commands share. Each one reads an environment variable, and `--help` says which.

@click.command()
@app_options
@worker_options
def serve(target: Target, options: WorkerOptions, durable: bool) -> None: ...
"""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from runtime.cli.parameters import PRIORITY, RATE, TEXT, Seconds
from runtime.cli.target import Target

if TYPE_CHECKING:
    from runtime.app import App
    from runtime.model.rates import Rate
    from runtime.worker.options import WorkerOptions

R = TypeVar("R")


class Decorator(Protocol):
    """Adds to a command and gives a command back."""

    def __call__(self, command: Callable[..., R], /) -> Callable[..., R]: ...  # noqa: D102


DEFAULT_APP = "shop.app:app"
DEFAULT_DB = "sqlite:///shop.db"
LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "human", "json")


def environment(flag: str) -> str:
    """The environment variable of an option: `--min-priority` reads CRECHE_MIN_PRIORITY."""
    return "CRECHE_" + flag.lstrip("-").replace("-", "_").upper()


def option(
    flag: str,
    name: str | None = None,
    *,
    kind: click.ParamType[object] | None = None,
    default: object = None,
    many: bool = False,
    switch: bool = False,
    metavar: str | None = None,
    explain: str = "",
    own: bool = False,
) -> Decorator:
    """An option as every command declares it: with its environment variable, shown by `--help`.

    Args:
        flag: `--stale-after`.
        name: the parameter's name where the flag's own cannot be one (`--except`).
        kind: what its text is turned into.
        default: where neither option nor variable is there.
        many: may be given several times; the variable separates them by spaces.
        switch: needs no value.
        metavar: what `--help` writes for the value.
        explain: its sentence in `--help`.
        own: means something in one command only, so its variable is named after that command too:
            `--key` of `creche enqueue` reads CRECHE_ENQUEUE_KEY.
    """
    declarations = (flag,) if name is None else (flag, name)
    variable = None if own else environment(flag)  # None: click makes it from the command's path
    if switch:
        return click.option(
            *declarations,
            is_flag=True,
            default=False,
            envvar=variable,
            show_envvar=True,
            help=explain,
        )
    return click.option(
        *declarations,
        type=kind,
        default=default,
        multiple=many,
        metavar=metavar,
        envvar=variable,
        show_envvar=True,
        show_default=default is not None,
        help=explain,
    )


def json_option(function: Callable[..., R]) -> Callable[..., R]:
    """`--json`: give the command `as_json: bool`."""
    return option("--json", "as_json", switch=True, explain="Print JSON for programs.")(function)


def app_options(function: Callable[..., R]) -> Callable[..., R]:
    """`--app`, `--db` and how to log: give the command `target: Target`; logging is set up before it runs."""

    @functools.wraps(function)
    def command(*args: object, app: str, db: str, log_level: str, log_format: str, **kwargs: object) -> R:
        from runtime.cli.lean import import_structlog

        import_structlog()
        from runtime.cli.logging import logging_to_stderr

        with logging_to_stderr(log_level, log_format):
            return function(*args, target=Target(app, db), **kwargs)

    return _with(command, *_target_options(), *_logging_options())


def worker_options(function: Callable[..., R]) -> Callable[..., R]:
    """All that tunes a worker: give the command `options: WorkerOptions` and `durable: bool`."""

    @functools.wraps(function)
    def command(
        *args: object,
        workers: int,
        rate: "Sequence[tuple[str, Rate | None]]",
        only: Sequence[str],
        excluded: Sequence[str],
        min_priority: int,
        max_priority: int,
        timeout: float,
        grace: float,
        poll: float,
        aging: float,
        stale_after: float,
        durability: str,
        drain: bool,
        **kwargs: object,
    ) -> R:
        from runtime.worker.options import WorkerOptions

        options = WorkerOptions(
            workers=workers,
            only=frozenset(only),
            excluded=frozenset(excluded),
            min_priority=min_priority,
            max_priority=max_priority,
            timeout=timeout,
            grace=grace,
            poll=poll,
            aging=aging,
            stale_after=stale_after,
            drain=drain,
            rates=dict(rate),
        )
        return function(*args, options=options, durable=durability == "full", **kwargs)

    return _with(command, *_worker_options())


def processes_option(function: Callable[..., R]) -> Callable[..., R]:
    """`--processes`: give the command `processes: int`."""
    return option(
        "--processes",
        kind=click.IntRange(1, 256),
        default=1,
        metavar="P",
        explain="Worker processes, supervised and restarted; each has its own --workers runners.",
    )(function)


def check_types(app: "App", options: "WorkerOptions") -> None:
    """Refuse, before anything is opened, worker options that name a type nobody here can run.

    Raises:
        ConfigurationError: naming the types that there are.
    """
    options.chosen(frozenset(app.handlers))


def _with(function: Callable[..., R], *options: Decorator) -> Callable[..., R]:
    """Apply decorators so that `--help` lists them in this order."""
    for decorate in reversed(options):
        function = decorate(function)
    return function


def _target_options() -> Sequence[Decorator]:
    return (
        option(
            "--app", kind=TEXT, default=DEFAULT_APP, metavar="MODULE:ATTR", explain="The application's App."
        ),
        option(
            "--db",
            kind=TEXT,
            default=DEFAULT_DB,
            metavar="URL",
            explain="The database: sqlite:///shop.db, sqlite:////var/lib/shop.db, postgresql://user@host/database.",
        ),
    )


def _logging_options() -> Sequence[Decorator]:
    return (
        option("--log-level", kind=click.Choice(LEVELS), default="info", explain="The least that is logged."),
        option(
            "--log-format",
            kind=click.Choice(FORMATS),
            default="auto",
            explain="Log lines for people or as JSON; auto: for people on a terminal.",
        ),
    )


def _worker_options() -> Sequence[Decorator]:
    return (*_capacity_options(), *_selection_options(), *_timing_options())


def _capacity_options() -> Sequence[Decorator]:
    return (
        option(
            "--workers",
            kind=click.IntRange(1, 10_000),
            default=8,
            metavar="N",
            explain="Job runners in this process.",
        ),
        option(
            "--rate",
            kind=RATE,
            many=True,
            metavar="TYPE=N/s|m|h[:BURST]",
            explain="Start at most so many jobs of a type, in all processes together; "
            "TYPE=off removes its limit. Repeatable.",
        ),
    )


def _selection_options() -> Sequence[Decorator]:
    return (
        option("--only", kind=TEXT, many=True, metavar="TYPE", explain="Run this type only. Repeatable."),
        option(
            "--except",
            "excluded",
            kind=TEXT,
            many=True,
            metavar="TYPE",
            explain="Leave this type. Repeatable.",
        ),
        option(
            "--min-priority",
            kind=PRIORITY,
            default=0,
            metavar="N|NAME",
            explain="Run no job of a lower priority.",
        ),
        option(
            "--max-priority",
            kind=PRIORITY,
            default=100,
            metavar="N|NAME",
            explain="Run no job of a higher priority.",
        ),
        option("--drain", switch=True, explain="Stop, with exit code 0, when nothing is due."),
    )


def _timing_options() -> Sequence[Decorator]:
    return (
        option(
            "--timeout",
            kind=Seconds(0.001),
            default=300.0,
            metavar="S",
            explain="For jobs whose handler states none.",
        ),
        option("--grace", kind=Seconds(), default=30.0, metavar="S", explain="For running jobs at shutdown."),
        option(
            "--poll", kind=Seconds(0.01), default=1.0, metavar="S", explain="Look for jobs at least so often."
        ),
        option(
            "--aging",
            kind=Seconds(),
            default=600.0,
            metavar="S",
            explain="Waiting that counts as one point of priority; 0: none.",
        ),
        option(
            "--stale-after",
            kind=Seconds(1.0),
            default=30.0,
            metavar="S",
            explain="A worker silent for so long is dead, and its jobs run elsewhere.",
        ),
        option(
            "--durability",
            kind=click.Choice(["full", "normal"]),
            default="full",
            explain="full: what is acknowledged survives power loss; normal: only the death of processes.",
        ),
    )
