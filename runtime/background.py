"""Background: work that outlives whoever asked for it.

A client that hangs up cancels its request's handler, also between a charge and
the row that records it. So money is handled in a task of the runtime, and the
handler only waits for the answer.
"""

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

    async def _perform(
        self, errand: _Errand[R], fn: Callable[..., Awaitable[R]], args: tuple[object, ...]
    ) -> None:
        try:
            errand.answer = outcome.Value(await fn(*args))
        except Exception as error:  # noqa: BLE001 - the waiter's to hear
            errand.answer = outcome.Error(error)
        except BaseException as error:
            errand.answer = outcome.Error(RuntimeError(f"given up at shutdown: {error!r}"))
            raise
        finally:
            errand.done.set()


@asynccontextmanager
async def open_background() -> AsyncIterator[Background]:
    """Background work until the block ends; then it has ten seconds to finish."""
    async with trio.open_nursery() as nursery:
        try:
            yield Background(nursery)
        finally:
            nursery.cancel_scope.deadline = trio.current_time() + GRACE
            nursery.cancel_scope.shield = True
