"""Background: work that outlives whoever asked for it.

A client that hangs up cancels its request's handler, also between a charge and
the row that records it. So money is handled in a task of the runtime, and the
handler only waits for the answer.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar, TypeVarTuple

import outcome
import trio

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

GRACE = 10.0
"""Seconds that work has to end once the application closes."""


class _Errand(Generic[R]):
    """One piece of work and its answer."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.answer: outcome.Outcome[R] | None = None


class Background:
    """Runs work in a nursery of the application instead of the caller's."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._scopes: set[trio.CancelScope] = set()
        self._deadline = math.inf

    async def run(self, fn: Callable[[*Ts], Awaitable[R]], /, *args: *Ts) -> R:
        """Run `fn(*args)` and wait for it. A cancelled caller stops waiting; the work goes on.

        What `fn` raises comes through; when nobody waits any more it is dropped,
        so `fn` must leave what matters in the database.
        """
        errand: _Errand[R] = _Errand()
        self._nursery.start_soon(self._perform, errand, fn, args)
        await errand.done.wait()
        assert errand.answer is not None
        return errand.answer.unwrap()

    def limit(self, seconds: float) -> None:
        """Let all work, also what is still to begin, end within so many seconds."""
        self._deadline = trio.current_time() + seconds
        for scope in self._scopes:
            scope.deadline = self._deadline

    async def _perform(
        self, errand: _Errand[R], fn: Callable[..., Awaitable[R]], args: tuple[object, ...]
    ) -> None:
        # Shielded: what ends the application, a crash of its other parts too, leaves the work its grace.
        with trio.CancelScope(shield=True, deadline=self._deadline) as scope:
            self._scopes.add(scope)
            try:
                errand.answer = outcome.Value(await fn(*args))
            except Exception as error:  # noqa: BLE001 - the waiter's to hear
                errand.answer = outcome.Error(error)
            except BaseException as error:
                errand.answer = outcome.Error(RuntimeError(f"given up at shutdown: {error!r}"))
                raise
            finally:
                self._scopes.remove(scope)
                errand.done.set()


@asynccontextmanager
async def open_background() -> AsyncIterator[Background]:
    """Background work until the block ends, in whatever way; then it has ten seconds to finish."""
    async with trio.open_nursery() as nursery:
        background = Background(nursery)
        try:
            yield background
        finally:
            background.limit(GRACE)
