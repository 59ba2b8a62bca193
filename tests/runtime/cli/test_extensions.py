"""Commands that other packages add are found where the standard library would find them."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from runtime.cli.extensions import GROUP, extensions


@pytest.fixture
def install(tmp_path):
    """Describes packages as pip does."""

    def package(name, entries, suffix="dist-info"):
        folder = tmp_path / f"{name}.{suffix}"
        folder.mkdir()
        (folder / "entry_points.txt").write_text(entries)
        return [str(tmp_path)]

    return package


def test_they_are_those_of_the_standard_library_here():
    assert extensions() == {entry.name: entry.value for entry in entry_points(group=GROUP)}
    assert "up" in extensions()


def test_only_our_group_counts_wherever_it_stands(install):
    folders = install(
        "other-1.0",
        "[console_scripts]\nother = other:main\n\n"
        f"[{GROUP}]\n# a comment\nship = other.cli:ship\nsail=other:sail [wind]\n"
        "[pytest11]\nother = other.plugin\n",
    )
    assert extensions(folders) == {"ship": "other.cli:ship", "sail": "other:sail"}


def test_packages_installed_by_older_tools_count_too(install):
    assert extensions(install("old", f"[{GROUP}]\nship = old:ship\n", suffix="egg-info")) == {
        "ship": "old:ship"
    }


def test_of_two_commands_of_one_name_the_first_on_the_path_counts(install, tmp_path):
    install("a-1.0", f"[{GROUP}]\nship = a:ship\n")
    install("b-1.0", f"[{GROUP}]\nship = b:ship\n")
    assert extensions([str(tmp_path)]) == {"ship": "a:ship"}


def test_what_cannot_be_read_adds_nothing(install, tmp_path):
    (tmp_path / "archive.zip").write_bytes(b"PK")
    (tmp_path / "bad-1.0.dist-info").mkdir()
    (tmp_path / "bad-1.0.dist-info" / "entry_points.txt").write_bytes(b"[\xff")
    (tmp_path / "empty-1.0.dist-info").mkdir()
    places = [str(tmp_path), str(tmp_path / "archive.zip"), str(tmp_path / "nowhere")]
    assert extensions(places) == {}


def test_the_list_of_commands_needs_no_package_metadata(tmp_path):
    code = (
        "import sys\nfrom runtime.cli.main import run\nrun(['--help'])\n"
        "print('importlib.metadata' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "False"
