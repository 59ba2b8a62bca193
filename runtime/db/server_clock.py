"""ServerClock: the database server's time, for processes on machines whose own clocks differ."""

from runtime.clock import Clock

SLACK = 0.001
"""Seconds that we stay behind what we know: two clocks drift apart between two transactions."""


FRESH = 10.0
"""Seconds for which this machine's clock carries on what the server said."""


class ServerClock:
    """Each transaction tells the server's time; between them this machine's monotonic clock carries it on.

    It never runs ahead of the server, and transactions go by it. If the server's clock jumps, or this machine
    slept, it follows with the next transaction: who measures silence must expect that.
    It may be asked and told on any thread.
    """

    def __init__(self, own: Clock, name: str) -> None:
        """Begin with this machine's time.

        Args:
            name: of the server, the same for all its clients.
        """
        self._own = own
        self._name = name
        self._ahead = own.now() - own.monotonic()
        self._heard_at: float | None = None

    def heard(self, server: float, sent: float, received: float) -> None:
        """The server said `server` between two moments of our own `monotonic`."""
        self._heard_at = received
        least, most = server - received, server - sent
        if not least <= self._ahead + SLACK <= most:
            self._ahead = least - SLACK

    @property
    def fresh(self) -> bool:
        """Whether the server was heard lately: else a transaction asks before it goes by this clock."""
        return self._heard_at is not None and self._own.monotonic() - self._heard_at < FRESH

    def now(self) -> float:
        """The server's wall time: seconds since 1970-01-01 UTC."""
        return self._ahead + self._own.monotonic()

    def monotonic(self) -> float:
        """The same: all machines share no other clock."""
        return self.now()

    def boot(self) -> str:
        """One name for all clients of the server."""
        return self._name
