"""Group commit: many functions, one transaction, one fsync.

Each function may fail alone: before its first statement it gets a savepoint, so one
that only enqueues needs none. Every waiter is answered, also when COMMIT itself
fails: then all of the group failed, since nothing of it was written.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import apsw
import outcome

from runtime.clock import Clock
from runtime.db.base import Transaction
from runtime.db.journal import Journal
from runtime.db.lane import Request
from runtime.db.sqlite_connection import begin_at_once, translate
from runtime.errors import DatabaseError, UnsupportedDatabase

TransactionT = TypeVar("TransactionT", bound=Transaction)


class GroupCommit(Generic[TransactionT]):
    """Runs requests on the writing connection.

    Args:
        connection: used by this object alone, on one thread at a time; it makes its checkpoints.
        begin: makes the transaction object of a group.
        announce: told what was announced, right after each commit.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        clock: Clock,
        begin: Callable[[], TransactionT],
        announce: Callable[[frozenset[str]], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._begin = begin
        self._announce = announce
        self._full = True  # what open_writer has set
        self._inside = False  # a savepoint
        self.journal = Journal(connection, clock)
        """What a commit may have to wait for."""
        self.on_early: Callable[[Sequence[Request[TransactionT]]], None] = _leave_to_the_end
        """Told of those answered while something is still to do: their patience is spent and others of
        their batch wait on, or a checkpoint follows."""

    def __call__(self, batch: list[Request[TransactionT]]) -> Sequence[Request[TransactionT]]:
        """Run the batch, waiting for whatever it needs; return those answered: all but those withdrawn.

        A checkpoint that is due is made behind it, when its callers have been told.
        """
        answered = self._answer(batch)
        if self.journal.overdue:
            self.on_early(answered)
            self.journal.checkpoint()
        return answered

    def at_once(self, batch: list[Request[TransactionT]]) -> bool:
        """Run the batch if no other connection holds the database; else False, and nothing was done.

        It waits for the disk where a request is durable, and makes no checkpoint: see `journal`.
        """
        try:
            self._synchronize(full=any(request.durable for request in batch))
            begin_at_once(self._connection)
        except apsw.Error:
            return False
        self._run([request for request in batch if request.take()], on_the_loop=True)
        return True

    def _answer(self, batch: list[Request[TransactionT]]) -> Sequence[Request[TransactionT]]:
        answered: list[Request[TransactionT]] = []
        try:
            self._synchronize(full=any(request.durable for request in batch))
            waiting = self._wait_for_lock(batch, answered)
            taken = [request for request in waiting if request.take()]
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiter hears of it
            self._roll_back()
            taken = [request for request in batch if not request.answered and request.take()]
            return [*answered, *_fail(taken, translate(error))]
        self._run(taken, on_the_loop=False)
        return [*answered, *taken]

    def _wait_for_lock(
        self, batch: list[Request[TransactionT]], answered: list[Request[TransactionT]]
    ) -> list[Request[TransactionT]]:
        """BEGIN IMMEDIATE, trying again until the last caller's patience is spent."""
        waiting = batch
        while waiting:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return waiting
            except apsw.BusyError as error:
                now = self._clock.monotonic()
                late = [request for request in waiting if request.deadline <= now and request.take()]
                if late:
                    answered += _fail(late, translate(error, "gave up waiting"))
                    self.on_early(late)
                waiting = [request for request in waiting if request.deadline > now]
        self._connection.execute("BEGIN")  # nobody is left; an empty transaction keeps the ending the same
        return []

    def _run(self, batch: list[Request[TransactionT]], *, on_the_loop: bool) -> None:
        alone = len(batch) == 1
        try:
            tx = self._begin()
            for request in batch:
                if not alone:
                    tx.begin(self._open_savepoint)
                self._run_one(tx, request)
            if alone and batch[0].failed:
                self._roll_back()
                return
            tx.flush()
            self.journal.commit(full=self._full, on_the_loop=on_the_loop)
        except Exception as error:  # noqa: BLE001 - COMMIT failed: no acknowledgement for anyone
            self._roll_back()
            _fail(
                [request for request in batch if not request.failed], translate(error, "nothing was written")
            )
            return
        if tx.announcements:
            self._announce(frozenset(tx.announcements))

    def _run_one(self, tx: TransactionT, request: Request[TransactionT]) -> None:
        try:
            value = request.fn(tx)
        except BaseException as error:  # noqa: ASYNC103 - on a thread: it is the waiter's to hear
            tx.forget()
            request.answer(outcome.Error(translate(error)))
            if not self._connection.in_transaction:
                # Disk full and I/O errors may roll back the whole transaction under us:
                # the neighbours' writes are gone too, and they must hear of it.
                if isinstance(error, apsw.Error):
                    raise
                raise DatabaseError("a neighbour's error ended the transaction") from error  # noqa: ASYNC104
            self._close_savepoint("ROLLBACK TO one; RELEASE one")
        else:
            tx.keep()
            self._close_savepoint("RELEASE one")
            request.answer(outcome.Value(value))

    def _open_savepoint(self) -> None:
        self._connection.execute("SAVEPOINT one")
        self._inside = True

    def _close_savepoint(self, how: str) -> None:
        if self._inside:
            self._inside = False
            self._connection.execute(how)

    def _synchronize(self, *, full: bool) -> None:
        """FULL where something is acknowledged; NORMAL where a re-run would mend a power loss."""
        if full != self._full:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
            self._full = full

    def _roll_back(self) -> None:
        self._inside = False
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _leave_to_the_end(_answered: Sequence[Request[TransactionT]]) -> None:
    """They hear of it with the others."""


def _fail(requests: list[Request[TransactionT]], error: BaseException) -> list[Request[TransactionT]]:
    for request in requests:
        # One error object a waiter: each of them adds its own traceback to it.
        request.answer(outcome.Error(_copy(error)))
    return requests


def _copy(error: BaseException) -> BaseException:
    if not isinstance(error, DatabaseError | UnsupportedDatabase):
        return error  # not made by `translate`, so it may not bear being made anew
    copy = type(error)(*error.args)
    copy.__cause__ = error.__cause__
    return copy
