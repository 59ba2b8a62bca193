"""A lean start, seen in processes that have imported nothing yet."""

import subprocess
import sys

import pytest

ASK = "import sys; print([name for name in ('structlog', 'rich') if name in sys.modules])"


def imported(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", f"{code}; {ASK}"], check=True, capture_output=True, text=True
    ).stdout.strip()


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
