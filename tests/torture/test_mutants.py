"""The harness itself (T34): each planted mistake is caught by the test that is named for it."""

import os
import shutil
import subprocess
import sys
from collections import Counter

import pytest

from tests.system.process import ROOT
from tests.torture.mutants import MUTANTS

PARTS = ("runtime", "shop", "web", "tests", "bench", "pyproject.toml", "README.md")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_and_its_test_is_there(mutant):
    assert (ROOT / mutant.file).read_text().count(mutant.truth) == 1
    path, _, name = mutant.caught_by.partition("::")
    assert f"def {name.partition('[')[0]}" in (ROOT / path).read_text()


def test_there_are_a_dozen_and_each_is_another():
    assert len(MUTANTS) >= 12
    assert max(Counter(mutant.name for mutant in MUTANTS).values()) == 1


@pytest.mark.slow
@pytest.mark.torture
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
        else:
            shutil.copy(source, copy / part)
    file = copy / mutant.file
    file.write_text(file.read_text().replace(mutant.truth, mutant.mistake))

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"),
            *("-m", "torture or not torture", mutant.caught_by),
        ],
        cwd=copy,
        env=_environment(copy),
        capture_output=True,
        text=True,
        check=False,
    )

    if " skipped" in ended.stdout and " passed" not in ended.stdout:
        pytest.skip(f"its test was skipped: {ended.stdout[-300:]}")
    assert ended.returncode == 1, f"not caught:\n{ended.stdout[-3000:]}{ended.stderr[-1000:]}"
    assert "failed" in ended.stdout or "error" in ended.stdout


def _environment(copy) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(copy), "TIER": "fast", "PYTHONDONTWRITEBYTECODE": "1"}
