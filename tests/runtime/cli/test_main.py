"""The command's entrance: lazy, documented, and never a stack trace."""

import signal
import subprocess
import sys

import click
import pytest

from runtime.cli.main import COMMANDS
from runtime.cli.main import creche as group
from tests.runtime.cli.conftest import ROOT

HEAVY = {"trio", "pydantic", "apsw", "rich", "structlog", "quart"}


def commands(command: click.Command, context: click.Context):
    """Every command below one, as (command, its context)."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            yield from commands(child, click.Context(child, parent=context, info_name=name))
    else:
        yield command, context


def leaves():
    root = click.Context(group, info_name="creche", auto_envvar_prefix="CRECHE")
    for name, child in ((name, group.get_command(root, name)) for name in COMMANDS):
        yield from commands(child, click.Context(child, parent=root, info_name=name))


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; from runtime.cli.main import run; code = run(['--help']);"
        f"print(sorted({HEAVY!r} & sys.modules.keys())); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f"\n  {name} " in done.stdout for name in (*COMMANDS, "web", "up"))


def test_every_command_of_the_contract_is_there():
    paths = {context.command_path.removeprefix("creche ") for _, context in leaves()}

    assert paths == {
        "worker", "enqueue", "pause", "resume", "stats", "workers", "migrate", "doctor", "backup", "copy",
        *(f"jobs {verb}" for verb in ("list", "show", "cancel", "retry", "reschedule", "prioritize")),
        *(f"dlq {verb}" for verb in ("list", "retry", "review", "purge")),
        *(f"cron {verb}" for verb in ("list", "run", "pause", "resume")),
        *(f"limits {verb}" for verb in ("list", "set")),
        *(f"workflows {verb}" for verb in ("list", "show", "cancel", "retry")),
    }  # fmt: skip


def test_help_names_the_environment_variable_of_every_option():
    for command, context in leaves():
        text = " ".join(command.get_help(context).split())
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert options
        for option in options:
            variable = option.envvar or f"{context.auto_envvar_prefix}_{option.name.upper()}"
            assert f"env var: {variable}" in text, f"{context.command_path} {option.opts}"


def test_a_command_and_its_line_in_the_overview_begin_alike():
    for name, (_, line) in COMMANDS.items():
        command = group.get_command(click.Context(group), name)
        assert line.endswith(".")
        assert command.help


@pytest.mark.parametrize("arguments", [["nosuch"], ["--nosuch"], ["stats", "--nosuch"], ["stats", "extra"]])
def test_a_wrong_word_is_one_line_and_exit_code_2(creche, arguments):
    ended = creche(*arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("creche: ")
    assert ended.err.count("\n") == 1


def test_a_group_without_a_command_shows_its_help(creche):
    ended = creche("jobs")

    assert ended.code == 2
    assert "Commands:" in ended.err


def test_a_mistake_of_the_application_is_one_line_without_a_trace(creche):
    ended = creche("stats", "--app", "tests.runtime.cli.sample:mistaken")

    assert ended.code == 70
    assert ended.err.count("\n") == 1
    assert "ZeroDivisionError: a mistake \\x1b[31mof the application" in ended.err


def test_with_debugging_on_the_trace_follows(creche, monkeypatch):
    monkeypatch.setenv("CRECHE_DEBUG", "1")

    ended = creche("stats", "--app", "tests.runtime.cli.sample:mistaken")

    assert ended.code == 70
    assert "_services_with_a_mistake" in ended.err


@pytest.mark.slow
@pytest.mark.system
def test_ctrl_c_ends_a_command_with_130_and_says_nothing(start):
    process = start("stats", "--watch", "--json")
    assert process.popen.stdout.readline().startswith("{")

    process.signal(signal.SIGINT)

    assert process.popen.wait() == 130
    assert process.popen.stderr.read() == ""


@pytest.mark.slow
@pytest.mark.system
def test_a_reader_that_goes_away_is_met_with_silence(start):
    process = start("stats", "--watch", "--json", "--every", "0.1")
    process.popen.stdout.readline()

    process.popen.stdout.close()

    assert process.popen.wait() == 141
    assert process.popen.stderr.read() == ""
