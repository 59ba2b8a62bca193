"""StoreTransaction: gathers what a group of functions does to the counters, and writes it once.

Sixty-four completions of one type are one update of one counter row.
"""

from collections import Counter

from runtime.db.base import Statements, Transaction
from runtime.model.records import Status


class StoreTransaction(Transaction):
    """A transaction over the job tables."""

    __slots__ = ("_counts", "_history", "_kept_counts", "_kept_history", "_next_id", "_saved_id")

    def __init__(self, statements: Statements, now: float) -> None:
        super().__init__(statements, now)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._history: Counter[tuple[int, str, str]] = Counter()
        self._kept_counts: Counter[tuple[str, str]] = Counter()
        self._kept_history: Counter[tuple[int, str, str]] = Counter()
        self._next_id: int | None = None
        self._saved_id: int | None = None

    def count(self, job_type: str, status: Status, change: int = 1) -> None:
        """Note that `change` more jobs of this type are in `status`."""
        self._counts[job_type, status] += change

    def note(self, job_type: str, outcome: str, times: int = 1) -> None:
        """Note in this minute's history that attempts of this type ended so."""
        self._history[int(self.now // 60), job_type, outcome] += times

    def reserve_ids(self, number: int) -> range:
        """The next `number` job ids, consecutive; some are never used when a function fails."""
        if self._next_id is None:
            self._next_id = self._saved_id = self.one("next_job_id", int) or 1
        first = self._next_id
        self._next_id = first + number
        return range(first, self._next_id)

    def keep(self) -> None:
        """The function just run has succeeded."""
        if self._counts:
            self._kept_counts.update(self._counts)
            self._counts.clear()
        if self._history:
            self._kept_history.update(self._history)
            self._history.clear()

    def forget(self) -> None:
        """The function just run has failed; ids it reserved stay unused."""
        self._counts.clear()
        self._history.clear()

    def flush(self) -> None:
        """Write the counters, the history and the id counter."""
        self.keep()
        if self._next_id != self._saved_id:
            self.run("save_next_job_id", next=self._next_id)
            self._saved_id = self._next_id
        if self._kept_counts:
            self.many(
                "add_to_counts",
                [
                    {"type": job_type, "status": str(status), "change": change}
                    for (job_type, status), change in self._kept_counts.items()
                    if change
                ],
            )
            self._kept_counts.clear()
        if self._kept_history:
            self.many(
                "add_to_history",
                [
                    {"minute": minute, "type": job_type, "outcome": outcome, "times": times}
                    for (minute, job_type, outcome), times in self._kept_history.items()
                ],
            )
            self._kept_history.clear()
