"""Results: a run's JSON file and picture, beside those of the runs before it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measurement import Measurement, report
from bench.pictures import pictures
from bench.setting import Setting


def save(
    what: str,
    found: Sequence[Measurement],
    setting: Setting,
    about: Mapping[str, str | float],
    folder: Path,
) -> list[Path]:
    """Write `WHAT.json` and the pictures that are drawn of it; return the files.

    Several processes, another database or another durability are another result: the name says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = _name(what, setting)
    reports = [report(item, setting, about) for item in found]
    result = {
        "command": what,
        "machine": dict(about),
        "measurements": [{key: value for key, value in item.items() if key != "machine"} for item in reports],
    }
    file = folder / f"{name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    return [file, *draw(file)]


def draw(file: Path) -> list[Path]:
    """Draw the pictures of a result that was saved; return their files."""
    result = json.loads(file.read_text())
    written = []
    for name, svg in pictures(result).items():
        picture = file.with_name(f"{file.stem}{name}.svg")
        picture.write_text(svg)
        written.append(picture)
    return written


def _name(what: str, setting: Setting) -> str:
    parts = [what]
    if setting.dialect != "sqlite":
        parts.append(setting.dialect)
    if setting.processes > 1:
        parts.append(f"{setting.processes}-processes")
    if not setting.durable:
        parts.append("normal")
    return "-".join(parts)
