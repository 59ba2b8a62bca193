"""Retention: what is finished and old goes, in chunks, so that no lock is held long."""

from collections import Counter

from runtime.model.records import Status
from runtime.store import lanes, workflows
from runtime.store.statistics import MINUTES_OF_HISTORY
from runtime.store.transaction import StoreTransaction

DAY = 86_400.0
ONCE_MARKS_KEPT = 30 * DAY
TICKS_KEPT = 400 * DAY
_BELONGINGS = (
    "delete_result",
    "delete_progress",
    "delete_log",
    "delete_deadline",
    "delete_edges",
    "delete_wait",
)


def prune_finished(tx: StoreTransaction, before: float, limit: int) -> int:
    """Delete completed and cancelled jobs that ended before a moment, oldest first; return how many.

    Failed jobs stay: they are in the dead letter queue until somebody decides.
    """
    old = tx.all("prunable_jobs", lambda *row: row, before=before, now=tx.now, most=limit)
    tx.many("delete_attempts", [(job_id,) for job_id, *_ in old])
    for belonging in _BELONGINGS:
        tx.many(belonging, [(job_id,) for job_id, *_ in old])
    workflows.forget(tx, [job_id for job_id, *_ in old])
    tx.many("delete_job", [(job_id,) for job_id, *_ in old])
    keys = [(job_type, key, job_id) for job_id, job_type, _, key in old if key is not None]
    tx.many("forget_keys_of", keys)
    for (job_type, status), number in Counter((row[1], row[2]) for row in old).items():
        tx.count(job_type, Status(status), -number)
    return len(old)


def prune_marks(tx: StoreTransaction, limit: int) -> bool:
    """Delete history nobody is shown, marks of effects long done, ticks long past, and idle lanes.

    At most `limit` of each; whether there may be more.
    """
    tx.change("prune_history", before=int(tx.now // 60) - 24 * MINUTES_OF_HISTORY)
    marks = tx.run("prune_once_marks", before=tx.now - ONCE_MARKS_KEPT, most=limit)
    ticks = tx.run("prune_ticks", before=tx.now - TICKS_KEPT, most=limit)
    idle = lanes.prune(tx, limit)
    return idle or max(marks, ticks) == limit
