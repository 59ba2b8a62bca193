"""Calling a handler: in the nursery, a thread or a process; what it returned, as it is kept."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import trio

from runtime.app import Deployment
from runtime.handlers import Handler
from runtime.model.records import ClaimedJob
from runtime.model.returned import result_text
from runtime.signatures import Place
from runtime.worker.cpu import run_in_process
from runtime.worker.scribe import Scribe


def call(
    handler: Handler, arguments: tuple[object, ...], inline: bool, threads: trio.CapacityLimiter
) -> Awaitable[object]:
    """Begin a call of the handler's function; awaited, it gives what that returns."""
    if handler.place is Place.NURSERY:
        return cast("Callable[..., Awaitable[object]]", handler.function)(*arguments)
    if inline:
        return _at_once(partial(handler.function, *arguments))
    if handler.place is Place.THREAD:
        # Abandoned on cancellation: the attempt ends in time, the thread goes on until its function
        # returns, and holds its place in the limiter. Whoever must be stoppable is async or cpu=True.
        whole = partial(handler.function, *arguments)
        return trio.to_thread.run_sync(whole, abandon_on_cancel=True, limiter=threads)
    return run_in_process(handler.function, *arguments)


async def _at_once(call: Callable[[], object]) -> object:  # noqa: ASYNC124 - in the place of a thread
    """Call a plain function on the trio thread: virtual time jumps while a thread works."""
    return call()


def kept(deployment: Deployment, scribe: Scribe, job: ClaimedJob, returned: object) -> str | None:
    """What the handler returned, as it is stored; what cannot be kept fails nothing, and is told."""
    try:
        return result_text(returned)
    except ValueError as error:
        scribe.log(job, f"the result is not kept: {error}", "warning")
        deployment.events.result_not_kept(job, str(error))
        return None


def without_cancelled(error: BaseException) -> BaseException | None:
    """What is left of an exception when its cancellations are taken out of it."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(trio.Cancelled)[1]
    return None
