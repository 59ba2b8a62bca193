"""Simulation: the stand-ins for real services are slow and sometimes fail, as real ones do."""

import random
from dataclasses import dataclass

import trio

from shop.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Simulation:
    """Delays and failures, as strong as the settings say."""

    random: random.Random
    latency: float = 1
    """What delays are multiplied by."""
    failures: float = 1
    """What chances of failure are multiplied by."""

    async def work(self, what: str, *, seconds: float, failing: float = 0) -> None:
        """Take so long, then fail with that chance.

        Raises:
            ServiceError: bad luck. What the service was asked for has not happened.
        """
        await trio.sleep(seconds * self.latency)
        if self.random.random() < failing * self.failures:
            raise ServiceError(f"{what} failed (simulated)")
