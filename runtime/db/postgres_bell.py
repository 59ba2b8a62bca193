"""Wake-up across machines: LISTEN and NOTIFY on a connection and a thread of their own.

A notification is a hint: whoever misses one finds the change at its next poll.
PostgreSQL lets one notifying transaction commit at a time, so nobody notifies in
the transaction that changes something. A notification goes out right behind it, in
the round trip of its COMMIT; then the bell rests for some times as long as that took,
longer where much is announced, and at most a fiftieth of a second: an idle server hears of
each job, a busy one is spared. What is announced meanwhile this thread tells afterwards,
all subjects together.
"""

import random
import secrets
import select
import socket
import threading
from collections.abc import Callable, Collection
from contextlib import suppress

import psycopg

from runtime.clock import Clock
from runtime.db.postgres_connection import Link, is_pooled, pause
from runtime.db.postgres_pipeline import Connection, Repeated, check
from runtime.model.pace import LONGEST_REST, Pace

RESTS = 10
"""Times as long as a notification took, the bell rests."""
RESTS_AFTER_COMMIT = 4
"""The same, of a COMMIT with a notification behind it."""
LONGEST_SUBJECTS = 1000


class Bell:
    """Notifies other processes and hears them.

    Args:
        link: of this object alone; it need not wait for the disk.
        heard: told the subjects that others announced; called on this object's thread.
    """

    def __init__(
        self,
        link: Link,
        channel: str,
        heard: Callable[[frozenset[str]], None],
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._link = link
        self._channel = channel
        self._heard = heard
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._known: set[str] = set()  # every subject there was: what may have been missed
        self._pace = Pace()
        self._hints = 0  # since the last notification
        self._rest = 0.0  # after it, at least
        self._next_at = 0.0  # until then the bell rests
        self._mark = f"#{secrets.token_hex(6)}"  # goes with what this process tells
        self._listens = False
        self._closing = threading.Event()
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="postgres-bell", daemon=True)
        self._begun = False

    def listen(self) -> None:
        """Hear what others tell from now on; who only tells is not woken by it."""
        self._listens = True
        self._start()
        self._wake()

    def _start(self) -> None:
        """Have a connection; a program that neither listens nor rings needs none."""
        with self._lock:
            begun, self._begun = self._begun, True
        if not begun:
            self._thread.start()

    def ring(self, subjects: frozenset[str]) -> None:
        """Tell all other processes, soon; never blocks, never fails."""
        with self._lock:
            first = not self._waiting
            self._waiting |= subjects
            self._known |= subjects
            self._hints += 1
        self._start()
        if first:  # else it wakes anyway when it has rested
            self._wake()

    def along(self, subjects: frozenset[str]) -> Repeated | None:
        """What tells all other processes, to be run on any connection; None while the bell rests."""
        self._start()  # it must be ready to tell what is announced while it rests
        now = self._clock.monotonic()
        with self._lock:
            self._known |= subjects
            if self._waiting or now < self._next_at:
                return None
            self._begin(now)
        return Repeated("creche_tell", _ALONG, [self._channel.encode(), self._listed(subjects)])

    def rest(self, told: float) -> None:
        """A COMMIT took so many seconds, with what `along` gave behind it."""
        self._end(RESTS_AFTER_COMMIT * told)

    def close(self) -> None:
        """Tell what is still to be told, then end the thread."""
        self._closing.set()
        self._wake()
        if self._begun:
            self._thread.join(5.0)
        self._outside.close()
        self._inside.close()

    def _wake(self) -> None:
        with suppress(OSError):  # full: it will wake anyway; closed: there is nobody to wake
            self._outside.send(b"\0")

    def _run(self) -> None:
        tries = 0
        while True:
            with suppress(psycopg.Error):  # the poll is the net; who needs the database reports its trouble
                self._link.ready()
                tries = 0  # it was a new loss, not the old one going on
                self._serve()
            self._link.drop()
            if self._closing.wait(pause(tries, self._chance)):
                return
            tries = min(tries + 1, 5)

    def _serve(self) -> None:
        """Listen and notify until closed, or the connection is lost."""
        connection = self._link.ready()
        may_listen = not is_pooled(connection)  # behind a pooler a LISTEN would be somebody else's
        listening = False
        while True:
            if may_listen and self._listens and not listening:
                listening = True
                check(connection.pgconn.exec_(f'LISTEN "{self._channel}"'.encode()), connection)
                self._heard(frozenset(self._known))  # while we did not listen, anything may have happened
            now = self._clock.monotonic()
            if self._waiting and now >= self._next_at:
                self._notify(connection, now)
                self._end(RESTS * (self._clock.monotonic() - now))
            if self._closing.is_set() and not self._waiting:
                return
            patience = None if not self._waiting else max(0.0, self._next_at - now)
            sources = [connection.fileno(), self._inside.fileno()]
            readable, _, _ = select.select(sources, [], [], patience)
            if self._inside.fileno() in readable:
                self._drain()
            if connection.fileno() in readable:
                self._consume(connection)

    def _notify(self, connection: Connection, now: float) -> None:
        with self._lock:
            subjects, self._waiting = self._waiting, set()
            self._begin(now)
        result = connection.pgconn.exec_params(_NOTIFY, [self._channel.encode(), self._listed(subjects)])
        check(result, connection)
        self._deliver(connection)

    def _begin(self, now: float) -> None:
        """A notification goes out; call it with the lock."""
        self._rest = self._pace.acted(now, self._hints)
        self._hints = 0
        self._next_at = now + LONGEST_REST  # should nobody say that it has gone

    def _end(self, rest: float) -> None:
        """It has gone out: rest for so many seconds, or as long as so much news needs."""
        with self._lock:
            self._next_at = self._clock.monotonic() + max(self._rest, min(LONGEST_REST, rest))

    def _consume(self, connection: Connection) -> None:
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            self._link.drop()
            raise
        self._deliver(connection)

    def _deliver(self, connection: Connection) -> None:
        while (notification := connection.pgconn.notifies()) is not None:
            subjects = frozenset(notification.extra.decode().split(","))
            if self._mark not in subjects:  # whoever is in this process has heard already
                self._known |= subjects
                self._heard(subjects)

    def _listed(self, subjects: Collection[str]) -> bytes:
        return ",".join([self._mark, *sorted(subjects)])[:LONGEST_SUBJECTS].encode()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._inside.recv(4096):
                pass


_NOTIFY = b"SELECT pg_notify($1, $2)"
# It need not survive a crash, for whoever missed it polls: so it waits for no disk.
_ALONG = b"SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"
