"""Courier: takes to the server what only stores, from the trio thread and in one round trip.

A switch to a thread and back takes as long as the server takes for an enqueue, and most of those ask
the server nothing. So blind functions run here without one, all that wait at once; what they gathered goes
off in one piece, and others run until the answer is back. Who asks for more than that goes to the
lane, to the threads, and so does everybody whom something befalls on the way: they know what to do.

    submit → waiting → journey: functions run → one round trip → answers
                          └───────── lane ─────────┘
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import outcome
import psycopg
import trio
from psycopg import pq

from runtime.clock import Clock
from runtime.db.base import CheckViolation, Question, Statements, Transaction
from runtime.db.lane import Request
from runtime.db.pair import Pair
from runtime.db.postgres_connection import Link, is_lost, pause
from runtime.db.postgres_doubt import Backend, Begun, Fate
from runtime.db.postgres_fate import UNKNOWN_FATE, Doubt, became_of
from runtime.db.postgres_gathered import Gathered, NeedsServer
from runtime.db.postgres_herald import Herald
from runtime.db.postgres_manners import APPLICATION
from runtime.db.postgres_pipeline import Message, Plain, round_trip_on_loop
from runtime.db.postgres_trips import Opening
from runtime.db.postgres_values import drawn_ids
from runtime.db.server_clock import ServerClock
from runtime.errors import CommitInDoubt

TransactionT = TypeVar("TransactionT", bound=Transaction)
Carried = Sequence[tuple[Request[TransactionT], outcome.Value[object]]]
"""Requests whose functions have run, with what these returned."""

LEAST_STOCK, DRAWN = 64, 128
"""Job ids: when fewer are left, so many come along with a transaction."""


class Courier(Generic[TransactionT]):
    """Makes one journey at a time, for all that wait then; `run` must run.

    Args:
        link: a connection for it alone.
        lane: who does what it cannot do.
        afterwards: called whenever there are answers.
    """

    def __init__(
        self,
        link: Link,
        make: Callable[[Statements, float], TransactionT],
        lane: Pair[TransactionT],
        herald: Herald,
        own: Clock,
        clock: ServerClock,
        chance: random.Random,
        *,
        afterwards: Callable[[], None],
    ) -> None:
        self._link = link
        self._make = make
        self._lane = lane
        self._herald = herald
        self._own = own
        self._clock = clock
        self._chance = chance
        self._afterwards = afterwards
        self._waiting: list[Request[TransactionT]] = []
        self._ids: list[int] = []
        self._begun: Begun | None = None
        self._sent = 0.0
        self._called = trio.Event()
        self._dismissed = trio.Event()
        self._gone = trio.Event()
        self.closing = threading.Event()
        """Set when nothing is worth waiting for any more."""

    async def submit(self, request: Request[TransactionT]) -> object:
        """Have a blind function run and its transaction committed; see `Lane.submit`."""
        if self._dismissed.is_set() or not (self._equipped and self._clock.fresh):
            self._called.set()
            return await self._lane.submit(request)
        await trio.lowlevel.checkpoint_if_cancelled()
        self._waiting.append(request)
        self._called.set()
        return await request.wait()

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Make journeys until dismissed; cancelled, it goes on, for others wait for what it carries."""
        tries = 0
        with trio.CancelScope(shield=True):
            while not self._dismissed.is_set():
                await self._called.wait()
                self._called = trio.Event()
                if not self._equipped:
                    tries = 0 if await self._equip() else tries + 1
                if tries:
                    with trio.move_on_after(pause(tries - 1, self._chance)):
                        await self._dismissed.wait()
                while self._waiting:
                    waiting, self._waiting = self._waiting, []
                    await self._journey([request for request in waiting if request.take()])
            self._gone.set()

    async def close(self) -> None:
        """Bring home what is under way; what comes later goes to the lane."""
        self._dismissed.set()
        self._called.set()
        await self._gone.wait()

    @property
    def _equipped(self) -> bool:
        connection = self._link.connection
        return bool(self._ids) and connection is not None and not connection.closed

    async def _equip(self) -> bool:
        """Whether there are a connection and job ids now; who came meanwhile has gone to the lane."""
        try:
            self._ids += await trio.to_thread.run_sync(self._meet)
        except psycopg.Error:
            self._link.drop()  # the lane says what is wrong
            return False
        if self._link.backend is None:  # behind a pooler nothing could tell what became of a COMMIT
            self._link.drop()
            self._dismissed.set()
        return True

    def _meet(self) -> Sequence[int]:
        """Connect, and draw job ids; on a thread."""
        self._link.ready()
        return () if self._ids else self._link.statements.reserve(DRAWN)

    async def _journey(self, taken: list[Request[TransactionT]]) -> None:
        """Answer all of them, or hand them over."""
        gathered = Gathered(self._ids)
        tx = self._make(gathered, self._clock.now())
        carried = self._run_all(tx, taken)
        try:
            gathered.complete = True
            tx.flush()
            if carried and await self._carry(tx, gathered):
                for request, value in carried:
                    request.answer(value)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait hear of it
            self._link.drop()
            for request, _ in carried:  # one object a waiter: each of them adds its own traceback to it
                doubt = isinstance(error, CommitInDoubt)
                request.answer(outcome.Error(CommitInDoubt(*error.args) if doubt else error))
        for request in taken:
            if request.answered:
                request.deliver()
            else:
                request.give_back()
                self._lane.hand_over([request])
        self._afterwards()

    def _run_all(self, tx: TransactionT, taken: list[Request[TransactionT]]) -> Carried[TransactionT]:
        """Run the functions; those that only store, with what they returned. One that fails is answered."""
        carried: list[tuple[Request[TransactionT], outcome.Value[object]]] = []
        for request in taken:
            tx.begin(_no_savepoint)
            try:
                value = request.fn(tx)
            except NeedsServer:
                tx.forget()
            except BaseException as error:  # noqa: ASYNC103, BLE001 - its waiter's to hear
                tx.forget()
                request.answer(outcome.Error(error))
            else:
                tx.keep()
                carried.append((request, outcome.Value(value)))
        return carried

    async def _carry(self, tx: TransactionT, gathered: Gathered) -> bool:
        """Whether it is committed; if not, nothing is.

        Raises:
            CommitInDoubt: nobody can say.
        """
        witness, subjects = tx.witness(), frozenset(tx.announcements)
        if witness is None or not self._link.alive:
            return False
        along = self._herald.along(subjects) if subjects else None
        backend, statements = self._link.backend, self._link.statements
        draws = [("draw_job_ids", {"number": DRAWN})] if len(self._ids) < LEAST_STOCK else []
        self._begun, self._sent = None, self._own.monotonic()
        opening = Opening(APPLICATION.begin, (), APPLICATION.moment, self._heard)
        trouble: Exception | None = None
        try:
            trip = statements.whole(opening, gathered.stores, draws, along)
            answers = trip.digest(await self._round_trip(*trip.messages))
        except (psycopg.Error, CheckViolation) as error:
            trouble = error
        else:
            self._ids += drawn_ids(answers[-1]) if draws else []
        if trouble is not None and not await self._is_committed(trouble, backend, witness):
            return False
        if subjects:
            self._herald.committed(subjects, told=along and self._own.monotonic() - self._sent)
        return True

    async def _is_committed(self, trouble: Exception, backend: Backend | None, witness: Question) -> bool:
        """Whether a transaction that something befell is committed all the same.

        Raises:
            CommitInDoubt: nobody can say.
        """
        if not is_lost(self._link.connection, trouble):
            await self._roll_back()
            return False
        self._link.drop()
        waiting, self._waiting = self._waiting, []
        self._lane.hand_over(waiting)  # it may take long to hear what became of those under way
        doubt = Doubt(self._begun, backend, witness)
        fate = await trio.to_thread.run_sync(
            became_of, self._link, doubt, self._own, self._chance, self.closing
        )
        if fate is Fate.UNKNOWN:
            raise CommitInDoubt(UNKNOWN_FATE) from trouble
        return fate is Fate.COMMITTED

    async def _round_trip(self, *messages: Message) -> list[pq.abc.PGresult]:
        assert self._link.connection is not None
        return await round_trip_on_loop(self._link.connection.pgconn, messages)

    async def _roll_back(self) -> None:
        """Leave the transaction that failed; it may not have begun."""
        try:
            connection = self._link.connection
            if connection and connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                await self._round_trip(Plain(b"ROLLBACK"))
        except psycopg.Error:
            self._link.drop()

    def _heard(self, said: pq.abc.PGresult) -> None:
        """The transaction has begun."""
        now = float(said.get_value(0, 0) or b"0")
        self._begun = Begun(said.get_value(0, 1) or b"", now, self._link.checkpoint)
        self._clock.heard(now, self._sent, self._own.monotonic())


def _no_savepoint() -> None:
    """Each function only adds to what is gathered."""
