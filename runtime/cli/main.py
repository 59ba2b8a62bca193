"""The command's entrance: finds subcommands without importing them, turns errors into a line and a code."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import click

from runtime.cli.extensions import extensions
from runtime.cli.lean import put_off_collection

# name: where it is, and its line in `creche --help`; nothing is imported to print it.
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "worker": ("runtime.cli.worker:worker", "Run jobs until stopped."),
        "enqueue": ("runtime.cli.enqueue:enqueue", "Store a job, or many; prints the id."),
        "jobs": ("runtime.cli.jobs:jobs", "Look at jobs, cancel or retry them, move them."),
        "dlq": ("runtime.cli.dlq:dlq", "Jobs that failed for good: the dead letter queue."),
        "cron": ("runtime.cli.cron:cron", "Schedules: next ticks, run now, pause, resume."),
        "limits": ("runtime.cli.limits:limits", "Limits of types and keys, for all processes together."),
        "workflows": ("runtime.cli.workflows:workflows", "Jobs that belong together, as a whole."),
        "pause": ("runtime.cli.types:pause", "Let no job of a type start."),
        "resume": ("runtime.cli.types:resume", "Let jobs of a paused type start again."),
        "stats": ("runtime.cli.stats:stats", "The queue in numbers."),
        "workers": ("runtime.cli.workers:workers", "Who runs jobs, and how busy they are."),
        "migrate": ("runtime.cli.migrate:migrate", "Bring the database up to this version."),
        "copy": ("runtime.cli.copy:copy", "Move an application from SQLite to PostgreSQL."),
        "doctor": ("runtime.cli.doctor:doctor", "Look for trouble in the database."),
        "backup": ("runtime.cli.backup:backup", "Copy the database to a file while it is in use."),
    }
)


class LazyGroup(click.Group):
    """Subcommands are imported when they are called, so `creche --help` and each command start fast."""

    @cached_property
    def _extensions(self) -> Mapping[str, str]:
        return extensions()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names: those of other packages (web, up) first, since most people want them."""
        return [*sorted(self._extensions), *COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None where there is none of that name."""
        place = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else self._extensions.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        found: object = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, click.Command):
            raise click.ClickException(f"the command {cmd_name} is not a click command")
        return found

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what a reader that has gone away means, the table of failures says."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ExceptionGroup("unheard", [error]) from None  # alone, click would make exit code 1 of it

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the table above; only those of other packages are imported."""
        rows = [(name, self._short_help(ctx, name, formatter.width)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, name: str, width: int) -> str:
        if name in COMMANDS:
            return COMMANDS[name][1]
        try:
            command = self.get_command(ctx, name)
        except Exception as error:  # noqa: BLE001 - a broken extension must not take the help away
            return f"(cannot be loaded: {type(error).__name__})"
        return command.get_short_help_str(width) if command is not None else ""


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 110,
        "auto_envvar_prefix": "CRECHE",
    },
)
@click.version_option(package_name="creche", message="%(prog)s %(version)s")
def creche() -> None:
    """Background jobs on trio, durable in your application's own database.

    Exit codes: 0 done · 1 no such thing, or its state forbids it · 2 bad input or configuration ·
    70 a mistake of ours · 74 no space · 75 the database is busy, try again · 130 interrupted.
    """


def main() -> None:
    """The console script."""
    put_off_collection()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return the exit code. Errors become one line on standard error, never a trace."""
    try:
        result = creche.main(args=list(arguments), prog_name="creche", standalone_mode=False)
        sys.stdout.flush()  # here, where a reader that has gone away is still quiet
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _complain(error.exit_code, _usage_line(error))
    except click.Abort:
        return 130
    except (Exception, KeyboardInterrupt, BaseExceptionGroup) as error:  # noqa: BLE001 - the last resort
        from runtime.cli.failures import UNHEARD, explain

        code, line = explain(error)
        if code == UNHEARD:
            _forget_output()
        return _complain(code, line)
    return result if isinstance(result, int) else 0


def _usage_line(error: click.ClickException) -> str:
    from runtime.cli.text import one_line

    text = one_line(error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{text} (see {error.ctx.command_path} --help)"
    return text


def _complain(code: int, line: str) -> int:
    if line:
        click.echo(f"creche: {line}", err=True)
    return code


def _forget_output() -> None:
    """Nobody reads standard output any more: let the interpreter's last flush go nowhere."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
