"""Target: which application and which database a command works on."""

import importlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # the application is imported when a command runs, so that `--help` stays fast
    from runtime.app import App, Deployment

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Target:
    """What `--app` and `--db` say."""

    app: str
    """`MODULE:ATTRIBUTE`."""
    db: str
    """A database URL."""

    def load(self) -> "App":
        """Import the application; the working directory comes first, as with `python -m`.

        Raises:
            ConfigurationError: there is no such module or attribute, or it is not an App.
        """
        from runtime.app import App
        from runtime.cli.lean import collect_from_now_on
        from runtime.errors import ConfigurationError

        module_name, separator, path = self.app.partition(":")
        if not (separator and module_name and path):
            raise ConfigurationError(f"--app must be MODULE:ATTRIBUTE, as in shop.app:app, not {self.app!r}")
        if "" not in sys.path:
            sys.path.insert(0, "")
        try:
            found: object = importlib.import_module(module_name)
        except Exception as error:
            raise ConfigurationError(
                f"--app: cannot import {module_name}: {type(error).__name__}: {error}"
            ) from error
        for name in path.split("."):
            if not hasattr(found, name):
                raise ConfigurationError(f"--app: {module_name} has no attribute {path!r}")
            found = getattr(found, name)
        if not isinstance(found, App):
            raise ConfigurationError(f"--app: {self.app} is {type(found).__name__}, not a runtime.app.App")
        collect_from_now_on()
        return found

    @asynccontextmanager
    async def open(
        self, app: "App | None" = None, *, durable: bool = True, adopt: bool = False
    ) -> "AsyncIterator[Deployment]":
        """Open the database (migrating it) and the application's services; close them when the block ends.

        Args:
            app: the application, where the caller has loaded it already.
            durable: False lets power loss undo acknowledged writes (`--durability normal`).
            adopt: put the tables into a file that holds an application's own.

        Raises:
            ConfigurationError, DatabaseError: the database is not there or not ours.
        """
        async with (app or self.load()).open(self.db, durable=durable, adopt=adopt) as deployment:
            yield deployment

    def run(
        self,
        action: "Callable[[Deployment], Awaitable[R]]",
        app: "App | None" = None,
        *,
        adopt: bool = False,
    ) -> R:
        """Run one short action on the opened application, as a whole program.

        Raises:
            BaseException: what `action` raises, and what `open` does.
        """
        import trio

        async def main() -> R:
            async with self.open(app, adopt=adopt) as deployment:
                return await action(deployment)

        # Ctrl-C is heard at checkpoints alone: elsewhere a finaliser could swallow it, or a lock stay taken.
        return trio.run(main, restrict_keyboard_interrupt_to_checkpoints=True)
