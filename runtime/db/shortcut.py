"""Shortcut: brief requests are committed on the trio thread where they need not wait there.

A switch to the writer thread and back costs more than such a transaction: wake-ups, and the
interpreter's lock, which each statement gives up and the loop then holds for up to 5 ms.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import outcome
import trio

from runtime.clock import Clock
from runtime.db.base import Transaction
from runtime.db.commit import GroupCommit
from runtime.db.lane import Lane, Request

TransactionT = TypeVar("TransactionT", bound=Transaction)


class Shortcut(Generic[TransactionT]):
    """Commits here what the writer's lane would have to be woken for; hands it over where that could wait.

    Args:
        lane: whose thread works with the same `commit`; only one of the two at a time.
        most: how many requests one commit may carry here, where everybody else waits for it.
        afterwards: called on the trio thread when the answers of a commit are out.
    """

    def __init__(
        self,
        lane: Lane[TransactionT],
        commit: GroupCommit[TransactionT],
        clock: Clock,
        *,
        most: int,
        afterwards: Callable[[], None],
    ) -> None:
        self._lane = lane
        self._commit = commit
        self._clock = clock
        self._most = most
        self._afterwards = afterwards
        self._gathered: list[Request[TransactionT]] = []
        self._durable = False  # any of them

    # A Ctrl-C amid a commit would leave it half done, and amid gathering those who wait without a leader.
    @trio.lowlevel.enable_ki_protection
    async def submit(self, request: Request[TransactionT]) -> object:
        """Have a brief request committed with the others of this turn of the loop; return its answer.

        The first of a turn lets all other tasks run that can, then commits for them; while the lane's thread
        works, others gather until it has answers. Cancelled while it waits for the first, or for the lane, a
        request is withdrawn; the first is carried out.

        Raises:
            DatabaseError: as `Database.write` says. Whatever the function raises comes through.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._gathered.append(request)
        self._durable = self._durable or request.durable
        if self._awaits_lane():
            return await request.wait()
        if not self._may_commit():
            # Now, not when the turn is over: the thread begins while the others prepare theirs.
            self._lane.hand_over(self._taken())
        elif len(self._gathered) == 1:
            await trio.lowlevel.cancel_shielded_checkpoint()
            self.end_turn()
        return await request.wait()

    async def pass_by(self, request: Request[TransactionT]) -> object:
        """Have one that is not brief carried out by the lane, behind those who have gathered.

        They came before it, and its patience may outlast theirs.
        """
        self._lane.hand_over(self._taken())
        return await self._lane.submit(request)

    def _awaits_lane(self) -> bool:
        # Given to the busy thread they would keep it busy, and so would the next: one checkpoint would
        # bring all that follows there. Where the disk is slow that is where they belong.
        return (
            self._lane.busy
            and len(self._gathered) <= self._most
            and not self._commit.journal.is_slow(sharing=self._sharing)
        )

    def _may_commit(self) -> bool:
        # Durable ones, too: where syncs are quick, waiting for one costs the loop less than the thread does.
        return (
            self._lane.idle
            and len(self._gathered) <= self._most
            and not self._commit.journal.waits(sharing=self._sharing)
        )

    @property
    def _sharing(self) -> int:
        """How many wait for the disk."""
        return len(self._gathered) if self._durable else 0

    def end_turn(self) -> None:
        """Commit for all that have gathered, unless they were handed over.

        To be called whenever the lane has answers. Where it goes on to work for others (and may wait for a
        lock) those who have gathered behind it wait no longer than if they had queued there.
        """
        if not self._gathered:
            return
        here, batch = self._may_commit(), self._taken()
        if not (here and self._committed(batch)):
            self._lane.hand_over(batch)
            return
        for request in batch:
            request.deliver()
        self._afterwards()
        if self._commit.journal.overdue:
            # The checkpoint goes with the next batch on the thread, and who knows when somebody else has one.
            self._lane.hand_over([Request(_nothing, durable=False, deadline=self._clock.monotonic())])

    def _taken(self) -> list[Request[TransactionT]]:
        batch, self._gathered, self._durable = self._gathered, [], False
        return batch

    def _committed(self, batch: list[Request[TransactionT]]) -> bool:
        """Commit here and answer; False where another connection holds the database, and nothing was done."""
        try:
            return self._commit.at_once(batch)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - it would be the leader's alone, and the others would wait for ever
            # Those answered already, too: nobody has heard yet, and what they were told may not be so.
            for request in batch:
                request.take()
                request.answer(outcome.Error(error))
            return True  # noqa: ASYNC104 - answered with it


def _nothing(_tx: Transaction) -> None:
    """What a transaction does that is there for the checkpoint behind it."""
