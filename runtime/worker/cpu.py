"""Functions that burn the processor, in processes of their own: trio-parallel behind a typed face."""

from collections.abc import Callable
from typing import cast


async def run_in_process(function: Callable[..., object], job: object) -> object:
    """Run `function(job)` in a process of a pool. Cancelled, that process is killed.

    The function must be importable by name, the job and the answer picklable:
    they travel between two processes of ours, never from the database.

    Raises:
        trio_parallel.BrokenWorkerError: the process died under the function.
    """
    import trio_parallel  # here: with it comes multiprocessing, which most workers never need

    return cast("object", await trio_parallel.run_sync(function, job, kill_on_cancel=True))
