"""Group commit on PostgreSQL: the functions that wait are one transaction, or each alone if one fails.

There are no savepoints: they would cost a round trip each. Functions may run more
than once anyway, for the server may refuse a transaction because of another one.
What only stores goes to the server in one round trip, with its BEGIN and its COMMIT.
Every waiter is answered. Where the connection is lost in COMMIT, the server is asked
on a new one what became of the transaction.
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import outcome
import psycopg
from psycopg import pq

from runtime.clock import Clock
from runtime.db.base import Statements, Transaction
from runtime.db.lane import Request
from runtime.db.location import PostgresLocation
from runtime.db.postgres_connection import (
    Link,
    is_conflict,
    is_lost,
    is_refusal,
    is_violation,
    pause,
    translate,
)
from runtime.db.postgres_doubt import Begun, Fate
from runtime.db.postgres_fate import UNKNOWN_FATE, Doubt, became_of
from runtime.db.postgres_herald import Herald
from runtime.db.postgres_manners import Manner
from runtime.db.postgres_trips import Opening
from runtime.db.server_clock import ServerClock
from runtime.errors import CommitInDoubt, DatabaseBusy, DatabaseError

TransactionT = TypeVar("TransactionT", bound=Transaction)

CONFLICTS_TOGETHER = 3
"""Refusals of a group before its functions run alone."""
CONFLICTS = 12
"""Refusals of one function before its waiter is told that the database is busy."""
VIOLATIONS = 3
"""Refusals by a constraint before they are believed: a row may have come after our snapshot."""
EACH_ALONE = -1  # instead of the position of the function that failed: it is not known


class _Again(Exception):
    """The group must run again, on a new snapshot or a new connection."""

    def __init__(self, cause: BaseException, *, lost: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.lost = lost


class PostgresGroup(Generic[TransactionT]):
    """Runs requests on one connection; used by one thread at a time.

    Args:
        clock: told the server's time by each transaction; None: `now` is asked of `own`.
        herald: told what was announced, with each commit and after it.
    """

    def __init__(
        self,
        link: Link,
        location: PostgresLocation,
        manner: Manner,
        make: Callable[[Statements, float], TransactionT],
        herald: Herald,
        own: Clock,
        clock: ServerClock | None,
        chance: random.Random,
    ) -> None:
        self._link = link
        self._location = location
        self.manner = manner
        self._make = make
        self._herald = herald
        self._own = own
        self._clock = clock
        self._chance = chance
        self.refusals = 0
        """How many times a group had to run again because of another transaction."""
        self._begun: Begun | None = None
        self._sent = 0.0
        self.on_late: Callable[[Sequence[Request[TransactionT]]], None] = _leave_to_the_end
        """Told of those whose patience is spent while others of their batch wait on."""
        self.closing = threading.Event()
        """Set when nothing is worth waiting for any more."""

    def __call__(self, batch: list[Request[TransactionT]]) -> Sequence[Request[TransactionT]]:
        """Run the batch; return the requests that were answered: all but those withdrawn."""
        late: list[Request[TransactionT]] = []
        waiting = self._connect(batch, late)
        taken = [request for request in waiting if request.take()]
        groups = [taken] if taken else []
        while groups:
            group = groups.pop()
            failing = self._settle(group)
            if failing == EACH_ALONE:
                groups += [[request] for request in reversed(group)]
            elif failing is not None:
                rest = group[:failing] + group[failing + 1 :]
                groups += [rest, [group[failing]]] if rest else [[group[failing]]]
        return [*late, *taken]

    def _connect(
        self, batch: list[Request[TransactionT]], answered: list[Request[TransactionT]]
    ) -> list[Request[TransactionT]]:
        """Those that are still waiting once there is a connection."""
        waiting, tries = batch, 0
        while waiting:
            try:
                self._link.ready()
                return waiting
            except Exception as error:  # noqa: BLE001 - whatever it is, the waiters hear of it
                now = self._own.monotonic()
                hopeless = self.closing.is_set() or not isinstance(error, psycopg.Error) or is_refusal(error)
                late = [
                    request for request in waiting if (hopeless or request.deadline <= now) and request.take()
                ]
                self._fail(late, translate(error, self._location, "cannot reach the server"))
                answered += late
                self.on_late(late)
                waiting = [request for request in waiting if not request.answered and request.deadline > now]
                if waiting:  # no longer than the first of them has patience
                    patience = min(request.deadline for request in waiting) - now
                    self.closing.wait(min(pause(tries, self._chance), patience))
                    tries += 1
        return []

    def _settle(self, group: list[Request[TransactionT]]) -> int | None:
        """Answer every request of the group; or the position of one that fails among others."""
        tries = 0
        while True:
            try:
                return self._once(group, tries)
            except _Again as again:
                tries += 1
                self.refusals += not again.lost
                late = min(request.deadline for request in group) <= self._own.monotonic()
                enough = late if again.lost else tries >= CONFLICTS
                if enough or self.closing.is_set():
                    message = "cannot reach the server" if again.lost else "the database failed"
                    self._fail(group, _busy(translate(again.cause, self._location, message), again))
                    return None
                if not again.lost and tries >= CONFLICTS_TOGETHER and len(group) > 1:
                    return EACH_ALONE
                if again.lost or tries > 1:
                    self.closing.wait(pause(tries - 1, self._chance) * (1.0 if again.lost else 0.1))

    def _once(self, group: list[Request[TransactionT]], tries: int) -> int | None:
        """Run the group in one transaction and commit it.

        Raises:
            _Again: nothing was written, and it may go through next time.
        """
        position, inherited = EACH_ALONE, False
        values: list[outcome.Value[object]] = []
        try:
            tx = self._begin()
            statements = self._link.statements
            for position, request in enumerate(group):  # noqa: B007 - which one fails
                inherited = statements.owes
                tx.begin(_no_savepoint)
                values.append(outcome.Value(request.fn(tx)))
                self._check_sound()
                tx.keep()
            position = EACH_ALONE
            tx.flush()
            if tx.witness() is None or self._link.backend is None:
                statements.open()  # or nothing could tell what became of it
        except BaseException as error:  # noqa: ASYNC103, BLE001 - on a thread: it is the waiters' to hear
            # If an earlier function owed a change, the server may have refused that one.
            blamed = EACH_ALONE if inherited and isinstance(error, psycopg.Error) else position
            return self._failed(group, error, blamed, tries)  # noqa: ASYNC104
        return self._end(group, values, tx, tries)

    def _failed(
        self, group: list[Request[TransactionT]], error: BaseException, position: int, tries: int
    ) -> int | None:
        """Nothing was written: try again, or each alone, or tell whom it concerns."""
        lost = is_lost(self._link.connection, error)
        self._roll_back(lost=lost)
        raced = len(group) == 1 and tries < VIOLATIONS and is_violation(error)
        if lost or raced or is_conflict(error):
            raise _Again(error, lost=lost) from error
        if len(group) > 1:
            return position
        self._fail(group, translate(error, self._location))
        return None

    def _begin(self) -> TransactionT:
        """A transaction that begins with its first statement."""
        self._link.ready()
        statements, manner = self._link.statements, self.manner
        self._begun, self._sent = None, self._own.monotonic()
        statements.begin(Opening(manner.begin, self._link.preamble, manner.moment, self._heard))
        if self._clock is None:
            return self._make(statements, self._own.now())
        if not self._clock.fresh:
            statements.open()
        return self._make(statements, self._clock.now())

    def _heard(self, said: pq.abc.PGresult) -> None:
        """The transaction has begun."""
        now = float(said.get_value(0, 0) or b"0")
        if self.manner.writes:
            self._begun = Begun(said.get_value(0, 1) or b"", now, self._link.checkpoint)
        if self._clock is not None:
            self._clock.heard(now, self._sent, self._own.monotonic())

    def _check_sound(self) -> None:
        """A function that swallows the error of a statement would have its COMMIT turned into a rollback."""
        connection = self._link.connection
        if not self._link.statements.begun or connection is None:
            return
        if connection.pgconn.transaction_status != pq.TransactionStatus.INTRANS:
            raise DatabaseError("a statement failed, and the function went on: nothing was written")

    def _end(
        self,
        group: list[Request[TransactionT]],
        values: list[outcome.Value[object]],
        tx: TransactionT,
        tries: int,
    ) -> int | None:
        subjects, backend, began = frozenset(tx.announcements), self._link.backend, self._own.monotonic()
        along = self._herald.along(subjects) if subjects else None
        try:
            self._link.statements.commit(along)
        except psycopg.Error as error:
            lost = is_lost(self._link.connection, error)
            if not (lost and self.manner.writes):
                return self._failed(group, error, EACH_ALONE, tries)
            self._link.drop()
            doubt = Doubt(self._begun, backend, tx.witness())
            fate = became_of(self._link, doubt, self._own, self._chance, self.closing)
            if fate is Fate.UNKNOWN:
                trouble = CommitInDoubt(UNKNOWN_FATE)
                trouble.__cause__ = error
                self._fail(group, trouble)
                return None
            if fate is Fate.ABORTED:
                raise _Again(error, lost=True) from error
        for request, value in zip(group, values, strict=True):
            request.answer(value)
        if subjects:
            self._herald.committed(subjects, told=along and self._own.monotonic() - began)
        return None

    def _roll_back(self, *, lost: bool) -> None:
        connection = self._link.connection
        if lost or connection is None:
            self._link.drop()
            return
        if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            connection.pgconn.exec_(b"ROLLBACK")
            if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                self._link.drop()

    def _fail(self, group: Sequence[Request[TransactionT]], error: BaseException) -> None:
        for request in group:
            # One error object a waiter: each of them adds its own traceback to it.
            request.answer(outcome.Error(_copy(error) if len(group) > 1 else error))


def _no_savepoint() -> None:
    """Before a function's first statement: what those before it gathered is written, and that is all."""


def _leave_to_the_end(_late: Sequence[object]) -> None:
    """They hear of it with the others."""


def _busy(error: BaseException, again: _Again) -> BaseException:
    """What is given up after many tries is busy, whatever the last refusal was."""
    if isinstance(error, DatabaseBusy) or (isinstance(error, DatabaseError) and not again.lost):
        return error
    busy = DatabaseBusy(str(error))
    busy.__cause__ = again.cause
    return busy


def _copy(error: BaseException) -> BaseException:
    if not isinstance(error, DatabaseError):
        return error
    copy = type(error)(*error.args)
    copy.__cause__ = error.__cause__
    return copy
