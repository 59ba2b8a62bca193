"""Progress and logs: what attempts say while they run. A job's newest claim is heard, no older one."""

from collections.abc import Iterable

from runtime.model.notes import LINES_KEPT, Notes
from runtime.model.records import LogRecord, ProgressRecord
from runtime.store.transaction import StoreTransaction


def write(tx: StoreTransaction, notes: Iterable[Notes]) -> None:
    """Write down what attempts have said; nothing of one whose job was claimed again since."""
    notes = sorted(notes, key=lambda note: note.job.id)
    progress = [
        (said.number, said.fraction, said.message, said.reported_at, note.job.id, note.job.claims)
        for note in notes
        if (said := note.progress) is not None
    ]
    lines = [
        (line.number, line.level, line.text, line.logged_at, note.job.id, note.job.claims)
        for note in notes
        for line in note.lines
    ]
    if progress:
        tx.many("store_progress", progress)
    if lines:
        tx.many("store_log_line", lines)
        for note in notes:
            if note.lines:
                tx.change("trim_log", job_id=note.job.id, most=LINES_KEPT)


def progress_of(tx: StoreTransaction, job_id: int) -> ProgressRecord | None:
    """How far the newest attempt of a job is; None if it has not said."""
    return tx.one("find_progress", ProgressRecord, job_id=job_id)


def log_of(tx: StoreTransaction, job_id: int) -> tuple[LogRecord, ...]:
    """A job's log, oldest line first."""
    return tuple(tx.all("list_log", LogRecord, job_id=job_id))
