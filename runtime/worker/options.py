"""What an operator tunes about a worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from runtime.errors import ConfigurationError, FieldError, InvalidInput
from runtime.model.rates import Rate

MOST_RUNNERS = 10_000


class Reservation(NamedTuple):
    """So many runners of a worker, for jobs of at least this priority."""

    runners: int
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """Options of one worker process; durations in seconds.

    Raises:
        InvalidInput: a value out of range; the field is the option's name.
    """

    workers: int = 8
    """Job runners in this process: how many jobs it runs at once."""
    only: frozenset[str] = frozenset()
    """Run these types alone; empty: all that have a handler."""
    excluded: frozenset[str] = frozenset()
    """Run all types but these (`--except`)."""
    min_priority: int = 0
    max_priority: int = 100
    timeout: float = 300
    """For handlers that state none."""
    grace: float = 30
    """How long running jobs may go on after the signal to stop."""
    poll: float = 1
    """How often to look for jobs that no wake-up told of."""
    aging: float = 600
    """Waiting that is worth a point of priority; 0: strictly by priority."""
    stale_after: float = 30
    """A worker silent for so long is dead."""
    drain: bool = False
    """Stop when nothing is due."""
    reserve: Reservation | None = None
    """Runners that jobs of less priority never have."""
    rates: Mapping[str, Rate | None] = field(default_factory=lambda: MappingProxyType({}))
    """Rate limits to set at the start, by type; None removes one."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        _check("workers", 1 <= self.workers <= MOST_RUNNERS, f"must be from 1 to {MOST_RUNNERS}")
        _check("min-priority", 0 <= self.min_priority <= 100, "must be from 0 to 100")
        _check("max-priority", 0 <= self.max_priority <= 100, "must be from 0 to 100")
        _check("min-priority", self.min_priority <= self.max_priority, "must not exceed --max-priority")
        if self.reserve is not None:
            runners, priority = self.reserve
            _check("reserve", 0 < runners < self.workers, "must be at least 1 and fewer than --workers")
            _check("reserve", 0 < priority <= 100, "is for a priority from 1 to 100")
        _check("only", not self.only & self.excluded, "names a type that --except excludes")
        for name, least in (
            ("timeout", 0.001),
            ("grace", 0),
            ("poll", 0.01),
            ("aging", 0),
            ("stale_after", 1),
        ):
            value = getattr(self, name)
            _check(name.replace("_", "-"), least <= value <= 10**9, f"must be at least {least:g} seconds")

    def chosen(self, handled: frozenset[str]) -> frozenset[str]:
        """The types that this worker runs, of those that have a handler.

        Raises:
            ConfigurationError: a type named has none, or none is left.
        """
        unknown = (self.only | self.excluded | self.rates.keys()) - handled
        if unknown:
            known = ", ".join(sorted(handled)) or "none"
            raise ConfigurationError(f"no handler for {', '.join(sorted(unknown))}; known: {known}")
        chosen = (self.only or handled) - self.excluded
        if not chosen:
            raise ConfigurationError("there is no job type left to run")
        return chosen


def _check(name: str, good: bool, message: str) -> None:
    if not good:
        raise InvalidInput(f"--{name} {message}", [FieldError(name, message)])
