"""Heralds: who is told of a commit on PostgreSQL, and when."""

from collections.abc import Callable
from typing import Protocol

from runtime.db.announcer import Announcer
from runtime.db.postgres_bell import Bell
from runtime.db.postgres_pipeline import Repeated


class Herald(Protocol):
    """Tells of commits."""

    def along(self, subjects: frozenset[str]) -> Repeated | None:
        """What to send behind the COMMIT, so that other processes hear of it; None: not now."""
        ...

    def committed(self, subjects: frozenset[str], *, told: float | None) -> None:
        """It is committed; called on the thread that did so.

        Args:
            told: how long COMMIT took with what was sent behind it, in seconds; None: nothing was.
        """
        ...


class WideHerald:
    """Tells this process and all others."""

    def __init__(self, announcer: Announcer, bell: Bell) -> None:
        self._announcer = announcer
        self._bell = bell

    def along(self, subjects: frozenset[str]) -> Repeated | None:
        """A notification, unless there was one just now."""
        return self._bell.along(subjects)

    def committed(self, subjects: frozenset[str], *, told: float | None) -> None:
        """See `Herald.committed`."""
        if told is None:
            self._bell.ring(subjects)
        else:
            self._bell.rest(told)
        self._announcer.committed(subjects)


class LocalHerald:
    """Tells this process alone."""

    def __init__(self, hear: Callable[[frozenset[str]], None]) -> None:
        self._hear = hear

    def along(self, subjects: frozenset[str]) -> Repeated | None:  # noqa: ARG002 - see `Herald`
        """Nothing."""
        return None

    def committed(self, subjects: frozenset[str], *, told: float | None) -> None:  # noqa: ARG002
        """See `Herald.committed`."""
        self._hear(subjects)
