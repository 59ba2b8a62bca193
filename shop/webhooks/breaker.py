"""The breaker of an endpoint, and how much may be sent to it at once. Pure.

sound ── five failures in a row ──► paused ── a minute, then two, four … an hour ──► on trial
  ▲                                   ▲                                               │
  └────────────── success ────────────┼───────────────────────────────────────────────┤
                                      └──────────────────── failure ──────────────────┘
"""

from dataclasses import dataclass, replace

TRIP_AFTER = 5
"""Failures in a row."""
FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3600.0
AT_ONCE = 2
"""Requests that a sound endpoint gets at the same time."""
PACE = 4.0
"""Seconds for each of those that wait: how far their next tries are spread."""
SHORTEST_SPREAD = 10.0


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fares."""

    failures: int = 0
    """In a row."""
    paused_until: float | None = None
    """Nothing is sent before; None: no pause."""

    def capacity(self, now: float) -> int:
        """How many requests may be under way: none while paused, one on trial."""
        if self.paused_until is not None and now < self.paused_until:
            return 0
        return 1 if self.failures >= TRIP_AFTER else AT_ONCE

    def failed(self, now: float) -> "Health":
        """After one more failure."""
        failures = self.failures + 1
        if failures < TRIP_AFTER:
            return replace(self, failures=failures)
        # Above some power the pause is the longest anyway: no float need be so large.
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(30, failures - TRIP_AFTER))
        return Health(failures, now + pause)

    def asked_to_wait(self, until: float) -> "Health":
        """After the endpoint itself asked for a pause."""
        return replace(self, paused_until=max(until, self.paused_until or 0))


def wait(health: Health, now: float, waiting: int, chance: float) -> float:
    """Seconds until a delivery that found no room tries again.

    Those that wait are spread, so that they do not come all at once, and so that a
    dead endpoint's many do not use up the starts that the rate limit leaves to others.
    """
    paused = max(0.0, (health.paused_until or 0) - now)
    return paused + 1 + chance * max(SHORTEST_SPREAD, waiting * PACE)
