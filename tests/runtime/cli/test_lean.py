"""A lean start, seen in processes that have imported nothing yet."""

import subprocess
import sys

import pytest

ASK = "import sys; print([name for name in ('structlog', 'rich') if name in sys.modules])"


def printed(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def imported(code: str) -> str:
    return printed(f"{code}; {ASK}")


@pytest.mark.slow
def test_structlog_comes_without_rich_which_can_still_be_imported():
    assert (
        imported("from runtime.cli.lean import import_structlog as lean; lean(); lean()") == "['structlog']"
    )
    assert imported("from runtime.cli.lean import import_structlog as lean; lean(); import rich.console") == (
        "['structlog', 'rich']"
    )


@pytest.mark.slow
def test_whoever_has_rich_already_keeps_it():
    assert (
        imported("import rich; from runtime.cli.lean import import_structlog as lean; lean()") == "['rich']"
    )


@pytest.mark.slow
def test_an_application_is_imported_without_collecting_and_then_the_collector_works_again():
    assert printed(
        "import gc, runtime.cli.main as entrance; from runtime.cli.target import Target; "
        "entrance.run = lambda _: (print(gc.isenabled()), Target('shop.app:app', '').load(), 0)[2]\n"
        "try: entrance.main()\n"
        "finally: print(gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_threshold())"
    ).split(maxsplit=3) == ["False", "True", "True", "(10000, 10, 10)"]
