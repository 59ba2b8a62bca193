"""`creche web` and `creche up`: the site alone, or with a worker in the same nursery.

The generic command finds them through the entry point group `creche.commands`,
so whoever only runs jobs never imports a web framework.
"""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from runtime.cli.options import Decorator, app_options, option
from runtime.cli.parameters import TEXT
from runtime.cli.target import Target
from runtime.cli.worker_options import check_types, worker_options

if TYPE_CHECKING:
    from runtime.app import App
    from runtime.worker.options import WorkerOptions
    from web.serve import WebOptions

R = TypeVar("R")

EPILOG = (
    "Admin pages and the dashboard: with CRECHE_ADMIN_TOKEN set, for whoever shows it (Authorization: "
    "Bearer, or the login page); without, for this machine only, and --host must be a loopback address."
)


def web_options(function: Callable[..., R]) -> Callable[..., R]:
    """Where to listen: give the command `site: WebOptions`."""

    @functools.wraps(function)
    def command(*args: object, host: str, port: int, allow_host: Sequence[str], **kwargs: object) -> R:
        import os

        from runtime.cli.lean import import_structlog

        import_structlog()
        from web.admin import AdminPolicy
        from web.serve import WebOptions

        admin = AdminPolicy.read(os.environ)
        admin.check_address(host)
        site = WebOptions(
            host=host, port=port, admin=admin, allowed_hosts=frozenset(name.lower() for name in allow_host)
        )
        return function(*args, site=site, **kwargs)

    decorated: Callable[..., R] = command
    for decorate in reversed(_listen_options()):
        decorated = decorate(decorated)
    return decorated


def _listen_options() -> Sequence[Decorator]:
    return (
        option("--host", kind=TEXT, default="127.0.0.1", metavar="ADDRESS", explain="Where to listen."),
        option(
            "--port", kind=click.IntRange(0, 65535), default=8000, metavar="N", explain="0: any free one."
        ),
        option(
            "--allow-host",
            kind=TEXT,
            many=True,
            metavar="NAME",
            explain="Answer requests whose Host header names this. By default a loopback --host answers to "
            "localhost alone, any other to all names. Repeatable.",
        ),
    )


@click.command(epilog=EPILOG)
@web_options
@option(
    "--durability",
    kind=click.Choice(["full", "normal"]),
    default="full",
    explain="full: what is acknowledged survives power loss; normal: only the death of processes.",
)
@app_options
def web(target: Target, *, site: "WebOptions", durability: str) -> None:
    """Serve the site: API, dashboard, health, metrics. No jobs run here."""
    _run(target, target.load(), site, None, durable=durability == "full")


@click.command(epilog=EPILOG)
@web_options
@worker_options
@app_options
def up(target: Target, *, site: "WebOptions", options: "WorkerOptions", durable: bool) -> None:
    """Serve the site and run jobs, in one process.

    SIGTERM or SIGINT: no connection is accepted and no job started; requests in flight get up to five
    seconds and running jobs --grace. A second signal does not wait.
    """
    app = target.load()
    check_types(app, options)
    _run(target, app, site, options, durable=durable)


def _run(
    target: Target, app: "App", site: "WebOptions", worker: "WorkerOptions | None", *, durable: bool
) -> None:
    import signal
    from dataclasses import replace

    import trio

    from runtime.worker.supervisor import supervise
    from web.serve import serve_web
    from web.sites import find_site

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave_at_once)
    blueprints = find_site(app.name)
    # The worker's grace is the whole process's: what is in flight here must not outlast it.
    options = site if worker is None else replace(site, drain=min(site.drain, worker.grace))

    async def main() -> None:
        async with target.open(app, durable=durable) as deployment:
            part = functools.partial(serve_web, options=options, blueprints=blueprints)
            await supervise(deployment, part, worker=worker, grace=options.drain)

    trio.run(main)


def _leave_at_once(_number: int, _frame: object) -> None:
    """Until everything is ready for signals nothing has been taken on: there is nothing to put in order."""
    import os

    os._exit(0)
