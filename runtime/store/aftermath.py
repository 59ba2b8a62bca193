"""Aftermath: what follows when jobs have come to an end, however they ended.

The one door: whoever writes that jobs are completed, failed or cancelled says so here, in the same
transaction, once for all of them. What depends on them becomes due or is cancelled, which in turn
has its aftermath; the workflows that they belong to count them.
"""

from collections.abc import Sequence

from runtime.store import composition, workflows
from runtime.store.composition import Ended
from runtime.store.transaction import StoreTransaction


def ended(tx: StoreTransaction, jobs: Sequence[Ended]) -> None:
    """Let everything follow that follows from the end of these jobs."""
    if not jobs:
        return
    workflows.count_ended(tx, jobs)
    # Counted once for all that follows: a chain of a thousand would write its workflow's row as often.
    followed: list[Ended] = []
    while jobs := composition.release_dependants(tx, jobs):
        followed += jobs
    if followed:
        workflows.count_ended(tx, followed)
