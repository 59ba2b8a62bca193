"""Sites: how an application's own pages are found without anything here knowing the application."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points

from quart import Blueprint

from runtime.errors import ConfigurationError

GROUP = "creche.sites"
"""The entry point group: the name of an App, and a function that gives its blueprints."""


def find_site(name: str, installed: Iterable[EntryPoint] | None = None) -> Sequence[Blueprint]:
    """The blueprints of the application of that name; none where no package brings any.

    Args:
        name: of the App.
        installed: where to look, by default among all installed packages.

    Raises:
        ConfigurationError: they cannot be loaded, or are not blueprints.
    """
    for entry in entry_points(group=GROUP) if installed is None else installed:
        if entry.name == name:
            return _load(entry)
    return ()


def _load(entry: EntryPoint) -> Sequence[Blueprint]:
    try:
        found = list(entry.load()())
    except Exception as error:
        raise ConfigurationError(
            f"cannot load the site of {entry.name} ({entry.value}): {type(error).__name__}: {error}"
        ) from error
    if not all(isinstance(blueprint, Blueprint) for blueprint in found):
        raise ConfigurationError(
            f"the site of {entry.name} ({entry.value}) gave something that is no blueprint"
        )
    return found
