"""The options that commands share. Each one reads an environment variable, and `--help` says which.

@click.command()
@app_options
@worker_options
def serve(target: Target, options: WorkerOptions, durable: bool) -> None: ...
"""

import functools
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import click

from runtime.cli.parameters import TEXT
from runtime.cli.target import Target

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

    return with_options(command, *_target_options(), *_logging_options())


def with_options(function: Callable[..., R], *options: Decorator) -> Callable[..., R]:
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
