"""Asks on a new connection, until it is answered, what became of a transaction whose COMMIT was not."""

import random
import threading
from typing import NamedTuple

import psycopg

from runtime.clock import Clock
from runtime.db.base import Question
from runtime.db.postgres_connection import Link, pause
from runtime.db.postgres_doubt import Backend, Begun, Fate, ask, end

DOUBT = 60.0
"""Seconds that a server is waited for that may have committed."""


UNKNOWN_FATE = "the connection was lost in COMMIT: whether it was written is unknown"


class Doubt(NamedTuple):
    """A transaction in doubt, and what is known of it."""

    begun: Begun | None
    """None: it went to the server in one piece."""
    backend: Backend | None
    """Who ran it."""
    witness: Question | None
    """See `Transaction.witness`."""


def became_of(link: Link, doubt: Doubt, own: Clock, chance: random.Random, closing: threading.Event) -> Fate:
    """What happened to it; unknown: also if nobody could be asked, or `closing` was set before."""
    until, tries = own.monotonic() + DOUBT, 0
    while not closing.is_set() and own.monotonic() < until:
        try:
            fate = _ask(link, doubt)
            if fate is not Fate.RUNNING:
                return fate
        except psycopg.Error:
            link.drop()
        closing.wait(pause(tries, chance))
        tries += 1
    return Fate.UNKNOWN


def _ask(link: Link, doubt: Doubt) -> Fate:
    connection = link.ready()
    if doubt.begun is not None:
        return ask(connection, doubt.begun)
    if doubt.witness is None or doubt.backend is None:
        return Fate.UNKNOWN
    if not end(connection, doubt.backend):
        return Fate.RUNNING
    return Fate.COMMITTED if link.statements.rows(*doubt.witness) else Fate.ABORTED
