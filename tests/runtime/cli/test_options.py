"""Shared options: their defaults, their variables, and what they become."""

import click
import pytest
from click.testing import CliRunner

from runtime.cli.options import app_options
from runtime.cli.target import Target
from runtime.cli.worker_options import check_types, processes_option, worker_options
from runtime.errors import ConfigurationError, InvalidInput
from runtime.model.rates import Rate
from runtime.worker.options import WorkerOptions
from tests.runtime.cli.sample import app


def read(*arguments, **environment):
    """What a command with all shared options is given."""
    given = {}

    @click.command()
    @worker_options
    @processes_option
    @app_options
    def command(target, **rest):
        given.update(rest, target=target)

    result = CliRunner().invoke(command, arguments, env=environment, catch_exceptions=False)
    return given or result


def test_without_options_a_worker_has_the_defaults_of_the_engine():
    given = read()

    assert given["options"] == WorkerOptions()
    assert given["durable"] is True
    assert given["processes"] == 1
    assert given["target"] == Target("shop.app:app", "sqlite:///shop.db")


def test_options_reach_the_worker():
    line = (
        "--workers 3 --rate greet=20/s:20 --rate limited=off --only greet --only slow --except doomed "
        "--min-priority NORMAL --max-priority 20 --timeout 9 --grace 0 --poll 0.1 --aging 0 --stale-after 3 "
        "--durability normal --drain --processes 2 --app a:b --db sqlite:///x.db"
    )
    given = read(*line.split())

    assert given["options"] == WorkerOptions(
        workers=3,
        rates={"greet": Rate.parse("20/s:20"), "limited": None},
        only=frozenset({"greet", "slow"}),
        excluded=frozenset({"doomed"}),
        min_priority=5,
        max_priority=20,
        timeout=9,
        grace=0,
        poll=0.1,
        aging=0,
        stale_after=3,
        drain=True,
    )
    assert given["durable"] is False
    assert given["processes"] == 2
    assert given["target"] == Target("a:b", "sqlite:///x.db")


def test_variables_stand_in_for_options():
    given = read(
        CRECHE_WORKERS="3", CRECHE_RATE="greet=1/s limited=off", CRECHE_ONLY="greet", CRECHE_DB="sqlite:///y"
    )

    assert given["options"] == WorkerOptions(
        workers=3, rates={"greet": Rate.parse("1/s"), "limited": None}, only=frozenset({"greet"})
    )
    assert given["target"].db == "sqlite:///y"


def test_an_option_wins_over_its_variable():
    assert read("--workers", "5", CRECHE_WORKERS="3")["options"].workers == 5


@pytest.mark.parametrize(
    "line",
    [
        "--workers 0",
        "--workers many",
        "--rate greet",
        "--rate greet=1/x",
        "--grace -1",
        "--poll 0",
        "--stale-after nan",
        "--durability some",
        "--processes 0",
        "--min-priority 101",
        "--log-level loud",
        "--reserve 2",
        "--reserve HIGH",
        "--reserve 2:",
        "--reserve 2:URGENT",
        "--reserve 2:101",
        "--reserve -1:HIGH",
        "--reserve :HIGH",
    ],
)
def test_a_bad_value_is_a_usage_error(line):
    result = read(*line.split())

    assert result.exit_code == 2
    assert line.split()[0] in result.output


@pytest.mark.parametrize(
    ("text", "reservation"), [("2:HIGH", (2, 10)), ("1:critical", (1, 20)), ("7:55", (7, 55))]
)
def test_runners_are_reserved_for_a_priority_by_name_or_number(text, reservation):
    assert read("--reserve", text)["options"].reserve == reservation
    assert read(CRECHE_RESERVE=text)["options"].reserve == reservation


@pytest.mark.parametrize("text", ["0:HIGH", "8:HIGH", "2:LOW"])
def test_a_reservation_that_leaves_no_runner_or_reserves_none_is_refused(text):
    with pytest.raises(InvalidInput, match=r"^--reserve "):
        read("--reserve", text)


@pytest.mark.parametrize(
    "options", [{"only": frozenset({"gret"})}, {"excluded": frozenset({"gret"})}, {"rates": {"gret": None}}]
)
def test_a_type_that_nobody_runs_is_named(options):
    with pytest.raises(ConfigurationError, match="gret"):
        check_types(app, WorkerOptions(**options))


def test_known_types_pass():
    check_types(app, WorkerOptions(only=frozenset({"greet"}), rates={"limited": None}))
