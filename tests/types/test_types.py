"""A payload of the wrong type, a job that is none, an option that is not there: refused by mypy."""

from pathlib import Path

import pytest
from mypy import api

WRONG = Path(__file__).with_name("wrong.py")


@pytest.mark.slow
def test_a_type_checker_refuses_just_what_is_wrong(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    said, trouble, _ = api.run(
        [
            str(WRONG),
            "--config-file",
            str(WRONG.with_name("mypy.ini")),
            "--no-error-summary",
            "--no-color-output",
        ]
    )

    refused = {int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line}
    marked = [n for n, line in enumerate(WRONG.read_text().splitlines(), 1) if line.endswith("# wrong")]
    assert trouble == ""
    assert sorted(refused) == marked, said
