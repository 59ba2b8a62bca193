"""Reading the documentation: each check gives the list of what is wrong with a text."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
PACKAGES = ("runtime", "shop", "web")
COMMON = frozenset({"--app", "--db", "--log-level", "--log-format", "--json", "--help"})

_NAME = re.compile(r"[\w.]+(?:\.py|/)")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_COMMAND = re.compile(r"`creche ([^`]+)`")
_ROUTE = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`]*)`( \*)?")
_LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#[^)]*)?\)")

Route = tuple[str, str, bool]
"""Method, path with `{}` for what varies, and whether it is open to everybody."""


def read(name: str) -> str:
    return (ROOT / name).read_text()


def fenced(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def tree(architecture: str) -> set[str]:
    """The paths in the drawn tree: files, and folders with a slash at the end."""
    paths: set[str] = set()
    above: list[tuple[int, str]] = []
    for line in fenced(architecture, "text")[0].splitlines():
        indent = len(line) - len(line.lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        parent = above[-1][1] if above else ""
        for name in _leading_names(line):
            paths.add(parent + name)
            if name.endswith("/"):
                above = [*(item for item in above if item[0] < indent), (indent, parent + name)]
    return paths


def _leading_names(line: str) -> Iterator[str]:
    for word in line.split():
        if not _NAME.fullmatch(word):
            return
        yield word


def wrong_with_tree(architecture: str) -> list[str]:
    """Modules that the tree does not cover, and names in it that are not there.

    A folder drawn without anything in it covers all that it holds.
    """
    named = tree(architecture)
    leaves = {path for path in named if path.endswith("/") and not any(_inside(path, o) for o in named)}
    missing = [module for module in _modules() if module not in named and not _covered(module, leaves)]
    ghosts = [path for path in sorted(named) if not (ROOT / path).exists()]
    return [f"not in the tree: {path}" for path in missing] + [f"not there: {path}" for path in ghosts]


def _inside(folder: str, path: str) -> bool:
    return path != folder and path.startswith(folder)


def _covered(module: str, leaves: Iterable[str]) -> bool:
    return any(module.startswith(folder) for folder in leaves)


def _modules() -> list[str]:
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return sorted(file.relative_to(ROOT).as_posix() for file in files if file.name != "__init__.py")


def wrong_with_arrows(architecture: str) -> list[str]:
    """Whether the arrows that are drawn are those that import-linter checks."""
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    return [
        f"not drawn: {arrows}"
        for contract in contracts
        if contract["type"] == "layers" and (arrows := " → ".join(contract["layers"])) not in architecture
    ]


def commands(group: click.Group, path: str = "") -> dict[str, click.Command]:
    """Every command that is no group, by its words."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= commands(command, f"{path}{name} ")
        else:
            found[path + name] = command
    return found


def flags(command: click.Command) -> set[str]:
    return {flag for param in command.params if isinstance(param, click.Option) for flag in param.opts}


def wrong_with_commands(readme: str, known: dict[str, click.Command]) -> list[str]:
    """Commands without a row, rows without a command, options that a row keeps quiet about or makes up."""
    rows = _command_rows(readme, known)
    worker = flags(known["worker"])
    wrong = [f"no row: creche {name}" for name in known.keys() - rows.keys()]
    wrong += [f"no such command: creche {name}" for name in rows.keys() - known.keys()]
    for name in known.keys() & rows.keys():
        there, told = flags(known[name]), set(_FLAG.findall(rows[name]))
        wrong += [f"creche {name}: no word of {flag}" for flag in there - told - COMMON - worker]
        wrong += [f"creche {name} has no {flag}" for flag in told - there]
    every = set().union(*map(flags, known.values())) | COMMON
    wrong += [f"no command has {flag}" for flag in set(_FLAG.findall(readme)) - every]
    wrong += [f"no word of {flag}" for flag in COMMON - set(_FLAG.findall(readme))]
    return sorted(wrong)


def _command_rows(readme: str, known: dict[str, click.Command]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for line in readme.splitlines():
        for span in _COMMAND.findall(line.split("|")[1]) if line.startswith("|") else ():
            words = span.split()
            rows[next((n for n in (" ".join(words[:2]), words[0]) if n in known), span)] = line
    return rows


def wrong_with_worker_options(readme: str, worker: click.Command) -> list[str]:
    """Options of a worker without a row, and rows whose default is not the option's."""
    told = dict(re.findall(r"^\| `(--[a-z-]+)[^`]*` \|([^|]*)\|", readme, re.MULTILINE))
    there = {
        param.opts[0]: _default(param)
        for param in worker.params
        if isinstance(param, click.Option) and param.opts[0] not in COMMON
    }
    return [
        f"{flag}: default {there.get(flag)!r}, in README {told.get(flag)!r}"
        for flag in sorted(there.keys() | told.keys())
        if there.get(flag) != told.get(flag, "").strip(" `")
    ]


def _default(option: click.Option) -> str:
    if option.is_flag or not isinstance(option.default, str | int | float):
        return ""
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def routes(readme: str) -> set[Route]:
    """The routes that are told of; a star behind one says that it is for operators."""
    return {
        (method, re.sub(r"\{[^}]+\}", "{}", path), not star) for method, path, star in _ROUTE.findall(readme)
    }


def broken_links(name: str) -> list[str]:
    """Relative links that lead nowhere."""
    targets = (target for target in _LINK.findall(read(name)) if "://" not in target)
    return [target for target in targets if not ((ROOT / name).parent / target).exists()]
