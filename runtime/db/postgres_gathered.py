"""Statements without a server: what functions only store is gathered, to be sent in one piece."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from runtime.db.base import Question, Statements, Value


class NeedsServer(Exception):
    """A function asks the server something."""


class Gathered(Statements):
    """Keeps what is stored once all functions have run; whoever asks for more meets `NeedsServer`.

    Args:
        ids: job ids in stock; those that are reserved are taken from it.
    """

    def __init__(self, ids: list[int]) -> None:
        self._ids = ids
        self.stores: list[tuple[str, Sequence[Sequence[Value]]]] = []
        """What was stored: statements with rows, as of `many`."""
        self.complete = False
        """Whether all functions have run: now what they left in memory is stored."""

    def rows(self, name: str, parameters: Mapping[str, Value]) -> NoReturn:  # noqa: ARG002
        """Nobody answers.

        Raises:
            NeedsServer: always.
        """
        raise NeedsServer(name)

    def run(self, name: str, parameters: Mapping[str, Value]) -> NoReturn:  # noqa: ARG002
        """Nobody says how many rows it would change.

        Raises:
            NeedsServer: always.
        """
        raise NeedsServer(name)

    def change(self, name: str, parameters: Mapping[str, Value]) -> NoReturn:  # noqa: ARG002
        """What one function changes would have to go with it if it fails.

        Raises:
            NeedsServer: always.
        """
        raise NeedsServer(name)

    def many(self, name: str, rows: Sequence[Sequence[Value]]) -> None:
        """Keep it, once all functions have run.

        Raises:
            NeedsServer: before: see `change`.
        """
        if not self.complete:
            raise NeedsServer(name)
        self.stores.append((name, rows))

    def foresee(self, *steps: Question) -> NoReturn:  # noqa: ARG002
        """Nobody answers.

        Raises:
            NeedsServer: always.
        """
        raise NeedsServer

    def reserve(self, number: int) -> Sequence[int]:
        """Job ids from the stock.

        Raises:
            NeedsServer: there are too few.
        """
        if number > len(self._ids):
            raise NeedsServer("ids")
        taken, self._ids[:number] = self._ids[:number], []
        return taken
