"""Commands that other packages add: entry points of the group `creche.commands`.

Rejected: importlib.metadata. Importing it takes a third of `creche --help`, most of it for `email`, which
reads the headers of packages; nobody asks for those here.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

GROUP = "creche.commands"


def extensions(folders: Sequence[str] | None = None) -> dict[str, str]:
    """`module:attribute` of each command that an installed package adds, by name; the first found counts.

    Args:
        folders: where packages are installed; None: where Python looks for modules.
    """
    found: dict[str, str] = {}
    for folder in sys.path if folders is None else folders:
        for place in _descriptions(folder or os.curdir):
            for name, target in _entries(place):
                found.setdefault(name, target)
    return found


def _descriptions(folder: str) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # an archive, or not there
        return []
    return [Path(name, "entry_points.txt") for name in sorted(names)]


def _entries(place: Path) -> list[tuple[str, str]]:
    """What stands under the heading of our group, as `name = module:attribute [extras]`."""
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    if GROUP not in text:
        return []
    entries, ours = [], False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            ours = line == f"[{GROUP}]"
        elif ours and "=" in line and not line.startswith(("#", ";")):
            name, _, target = line.partition("=")
            entries.append((name.strip(), target.partition("[")[0].strip()))
    return entries
