"""How long to wait before the next attempt: exponential, with a cap and jitter."""

import math
from dataclasses import dataclass

from runtime.errors import ConfigurationError

MAX_CAP = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Retry:
    """A job type's back-off. By default about 5, 10, 20 … seconds, an hour at most.

    Raises:
        ConfigurationError: a value that is not a number in its range.
    """

    base: float = 5
    """Seconds before the second attempt; 0: every retry is immediate."""
    factor: float = 2
    """What each further delay is multiplied by; at least 1."""
    cap: float = 3600
    """The longest delay before jitter, in seconds; not below `base`, at most a year."""
    jitter: float = 0.25
    """How far chance moves a delay, as a share of it: 0 not at all, 1 from nothing to double."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.base) and self.base >= 0):
            raise ConfigurationError(f"retry: base must be 0 or more seconds, not {self.base}")
        if not (math.isfinite(self.factor) and self.factor >= 1):
            raise ConfigurationError(f"retry: factor must be at least 1, not {self.factor}")
        if not 0 <= self.cap <= MAX_CAP:
            raise ConfigurationError(f"retry: cap must be from 0 to {MAX_CAP:g} seconds, not {self.cap}")
        if self.cap < self.base:
            raise ConfigurationError(f"retry: cap ({self.cap:g} s) must not be below base ({self.base:g} s)")
        if not 0 <= self.jitter <= 1:
            raise ConfigurationError(f"retry: jitter must be from 0 to 1, not {self.jitter}")

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds to wait after the failure of `attempt` (1 is the first).

        `chance` is a random number in [0, 1); 0.5 is the delay without jitter.

        Raises:
            ValueError: an attempt below 1.
        """
        if attempt < 1:
            raise ValueError(f"attempts are counted from 1, not {attempt}")
        try:
            grown = self.base * float(self.factor) ** (attempt - 1)
        except OverflowError:
            grown = math.inf if self.base else 0.0
        return min(self.cap, grown) * (1 - self.jitter + 2 * self.jitter * chance)
