"""The options of whatever runs jobs: how many, which, and for how long."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from runtime.cli.options import Decorator, option, with_options
from runtime.cli.parameters import PRIORITY, RATE, RESERVATION, TEXT, Seconds

if TYPE_CHECKING:
    from runtime.app import App
    from runtime.model.rates import Rate
    from runtime.worker.options import Reservation, WorkerOptions

R = TypeVar("R")


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
        reserve: "Reservation | None",
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
            reserve=reserve,
            timeout=timeout,
            grace=grace,
            poll=poll,
            aging=aging,
            stale_after=stale_after,
            drain=drain,
            rates=dict(rate),
        )
        return function(*args, options=options, durable=durability == "full", **kwargs)

    return with_options(command, *_worker_options())


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
        option(
            "--reserve",
            kind=RESERVATION,
            metavar="N:PRIORITY",
            explain="Keep N of the runners for jobs of at least this priority, as in 2:HIGH.",
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
