"""Lane: how work gets from trio to a database thread and back.

One hop to a thread costs what eleven thousand a second allow, whatever runs at
once. So a hop carries a batch: the thread takes all that waits, and one
`run_sync_soon` brings all the answers back.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import outcome
import trio

from runtime.errors import DatabaseError

TransactionT = TypeVar("TransactionT")


class Request(Generic[TransactionT]):
    """One function that waits to be run in a transaction."""

    __slots__ = ("_answer", "_ticket", "_waiter", "deadline", "durable", "fn")

    def __init__(self, fn: Callable[[TransactionT], object], *, durable: bool, deadline: float) -> None:
        self.fn = fn
        self.durable = durable
        self.deadline = deadline
        """On `Clock.monotonic()`: after it the request is answered with DatabaseBusy instead of being run."""
        # Whoever pops the ticket decides: the thread (it runs) or the cancelled
        # waiter (it never runs). list.pop is atomic, so this needs no lock.
        self._ticket = [True]
        self._answer: outcome.Outcome[object] | None = None
        self._waiter: trio.lowlevel.Task | None = None

    def take(self) -> bool:
        """Claim the right to run it; False when its waiter has gone."""
        try:
            self._ticket.pop()
        except IndexError:
            return False
        return True

    def give_back(self) -> None:
        """Let somebody else run it."""
        self._ticket.append(True)

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self._answer is not None

    @property
    def failed(self) -> bool:
        """Whether the answer is an error."""
        return isinstance(self._answer, outcome.Error)

    def answer(self, answer: outcome.Outcome[object]) -> None:
        """Say what came of it; the waiter hears of it from `deliver`."""
        self._answer = answer

    def result(self) -> object:
        """The value, or raises the error, of an answered request."""
        return cast("outcome.Outcome[object]", self._answer).unwrap()

    def deliver(self) -> None:
        """Wake the waiter, once; on the trio thread."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and self._answer is not None:
            trio.lowlevel.reschedule(waiter, self._answer)

    async def wait(self) -> object:
        """Wait for the answer, if it is not there yet. Cancelled before it was taken, it is withdrawn."""
        if self._answer is not None:
            return self.result()
        self._waiter = trio.lowlevel.current_task()
        return await trio.lowlevel.wait_task_rescheduled(self._withdraw)

    def _withdraw(self, _: Callable[[], None]) -> trio.lowlevel.Abort:
        if self.take():
            self._waiter = None
            return trio.lowlevel.Abort.SUCCEEDED
        return trio.lowlevel.Abort.FAILED


def _nothing() -> None:
    """Nobody else is to hear of answers."""


Work = Callable[[list[Request[TransactionT]]], Sequence[Request[TransactionT]]]


class Lane(Generic[TransactionT]):
    """A thread, or several, that serve one queue of requests.

    Args:
        name: of the threads, for stack dumps.
        work: called on a thread with the requests that waited; answers them and
            returns those it answered. It must not raise: what it raises ends the
            lane, and every later request is answered with that error.
        most: how many requests one call of `work` may carry.
        afterwards: called on the trio thread whenever answers arrive there.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Work[TransactionT]],
        *,
        most: int,
        threads: int = 1,
        afterwards: Callable[[], None] = _nothing,
    ) -> None:
        self._queue: queue.SimpleQueue[Request[TransactionT] | None] = queue.SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()
        self._most = most
        self._afterwards = afterwards
        self._broken: BaseException | None = None
        self._held = 0
        self.batches = 0
        """How many calls of `work` a thread has begun; exact where there is one thread."""
        self._threads = [
            threading.Thread(target=self._serve, args=(work,), name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def submit(self, request: Request[TransactionT]) -> object:
        """Hand over one request and wait for its answer.

        Raises:
            DatabaseError: the lane is closed. What broke it, if it is broken.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._broken is not None:
            raise self._broken
        self.hand_over([request])
        return await request.wait()

    @property
    def idle(self) -> bool:
        """Whether its threads have nothing to do, and may be given something; on the trio thread."""
        return not self._held and self._broken is None

    @property
    def held(self) -> int:
        """Requests that were handed over and are not done with; on the trio thread."""
        return self._held

    @property
    def busy(self) -> bool:
        """Whether its threads have something to do; `afterwards` follows. On the trio thread."""
        return self._held > 0 and self._broken is None

    def hand_over(self, requests: Sequence[Request[TransactionT]]) -> None:
        """Hand over requests whose callers wait for them; on the trio thread."""
        for request in requests:
            if self._broken is None:
                self._held += 1
                self._queue.put(request)
            elif request.take():
                request.answer(outcome.Error(self._broken))
                request.deliver()

    def take_back(self) -> list[Request[TransactionT]]:
        """What waits for a thread and has not been begun; it is the caller's again. On the trio thread."""
        waiting: list[Request[TransactionT]] = []
        with contextlib.suppress(queue.Empty):
            while (request := self._queue.get_nowait()) is not None:
                waiting.append(request)
            self._queue.put(None)  # the lane is being closed, and its thread is to hear of it
        self._held -= len(waiting)
        return waiting

    async def close(self) -> None:
        """Finish what waits, then end the threads."""
        self._broken = self._broken or DatabaseError("the database is closed")
        for _ in self._threads:
            self._queue.put(None)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 30):
            for thread in self._threads:
                await trio.to_thread.run_sync(thread.join, 30.0)

    def _serve(self, make_work: Callable[[], Work[TransactionT]]) -> None:
        batch: list[Request[TransactionT]] = []
        try:
            work = make_work()
            while True:
                batch, last = self._next_batch()
                if batch:
                    self.batches += 1
                    self.reply(work(batch), done=len(batch))
                if last:
                    return
        except BaseException as error:  # noqa: ASYNC103, BLE001 - on a thread: a dead lane must answer, or its waiters wait for ever
            self._broken = error
            self._fail(batch, error)

    def _next_batch(self) -> tuple[list[Request[TransactionT]], bool]:
        batch: list[Request[TransactionT]] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) >= self._most:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _fail(self, batch: list[Request[TransactionT]], error: BaseException) -> None:
        last = False
        while True:
            # Those answered already, too: nobody has heard yet, and what they were told may not be so.
            for request in batch:
                request.take()
                request.answer(outcome.Error(error))
            self.reply(batch)
            if last:
                return
            batch, last = self._next_batch()

    def reply(self, answered: Sequence[Request[TransactionT]], *, done: int = 0) -> None:
        """Wake those who wait for these answers; on any thread.

        Args:
            done: how many requests a thread has done with, those that were withdrawn too.
        """
        with contextlib.suppress(trio.RunFinishedError):  # the loop is gone, and with it everybody who waited
            self._token.run_sync_soon(self._deliver, answered, done)

    def _deliver(self, answered: Sequence[Request[TransactionT]], done: int) -> None:
        self._held -= done
        for request in answered:
            request.deliver()
        self._afterwards()
