"""Blocking: where calls that block are run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

import trio

R = TypeVar("R")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Blocking:
    """Runs blocking functions in threads, or right here for tests in virtual time."""

    inline: bool = False

    async def run(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `fn(*args, **kwargs)`. Cancelled, the call is left behind and runs to its end unheard."""
        if self.inline:
            await trio.lowlevel.checkpoint()
            return fn(*args, **kwargs)
        return await trio.to_thread.run_sync(partial(fn, *args, **kwargs), abandon_on_cancel=True)
