"""StoreTransaction: gathers what a group of functions writes most often, and writes it once.

New jobs of a whole group are one statement; sixty-four completions of one type are
one update of one counter row. Whatever runs a statement finds the jobs stored that
were enqueued before it.
"""

from collections.abc import Sequence
from typing import TypeAlias

from runtime.db.base import Question, Statements, Transaction, Value
from runtime.model.records import Status

_More: TypeAlias = tuple[str, str, int]
"""Of a type so many more jobs in a status, or attempts that ended so; a named tuple would cost more."""


class StoreTransaction(Transaction):
    """A transaction over the job tables."""

    __slots__ = (
        "_counts", "_kept_counts", "_kept_notes", "_kept_rows", "_next_id", "_notes", "_rows", "_saved_id",
        "_stored", "within",
    )  # fmt: skip

    def __init__(self, statements: Statements, now: float) -> None:
        super().__init__(statements, now)
        # What was gathered, and how much of it by functions before the running one.
        self._rows: list[Sequence[Value]] = []
        self._kept_rows = 0
        self._counts: list[_More] = []
        self._kept_counts = 0
        self._notes: list[_More] = []
        self._kept_notes = 0
        self._stored: Sequence[Value] | None = None
        self._next_id: int | None = None
        self._saved_id: int | None = None
        self.within: int | None = None
        """The job whose handler wants what is being written, while its completion is."""

    def insert_later(self, *rows: Sequence[Value]) -> None:
        """Store jobs: rows of `insert_job`, before the next statement or the commit."""
        self._rows += rows

    def count(self, job_type: str, status: Status, change: int = 1) -> None:
        """Note that `change` more jobs of this type are in `status`."""
        self._counts.append((job_type, status, change))

    def note(self, job_type: str, outcome: str, times: int = 1) -> None:
        """Note in this minute's history that attempts of this type ended so."""
        self._notes.append((job_type, outcome, times))

    def reserve_ids(self, number: int) -> Sequence[int]:
        """Reserve job ids, in ascending order. Those of a function that fails stay unused."""
        reserved = self._statements.reserve(number)
        if reserved is not None:
            return reserved
        if self._next_id is None:
            self._next_id = self._saved_id = self.one("next_job_id", int) or 1
        first = self._next_id
        self._next_id = first + number
        return range(first, self._next_id)

    def _ready(self) -> Statements:
        """The statements; what this function enqueued is stored first."""
        statements = super()._ready()
        if self._rows:
            statements.many("insert_job", self._rows)
            self._rows = []
        return statements

    def settle(self) -> None:
        """Store what earlier functions enqueued."""
        if self._kept_rows:
            kept = self._rows[: self._kept_rows]
            self._statements.many("insert_job", kept)
            self._stored = kept[0]
            del self._rows[: self._kept_rows]
            self._kept_rows = 0

    def witness(self) -> Question | None:
        """One of the jobs it stores."""
        if self._stored is None:
            return None
        return "is_stored", {"id": self._stored[0], "created_at": self._stored[-1]}

    def keep(self) -> None:
        """The function just run has succeeded."""
        self._kept_rows = len(self._rows)
        self._kept_counts = len(self._counts)
        self._kept_notes = len(self._notes)

    def forget(self) -> None:
        """The function just run has failed; ids it reserved stay unused."""
        del self._rows[self._kept_rows :]
        del self._counts[self._kept_counts :]
        del self._notes[self._kept_notes :]

    def flush(self) -> None:
        """Write what is gathered: jobs, counters, history, the next id."""
        self.keep()
        self.settle()
        if self._next_id != self._saved_id:
            self._statements.change("save_next_job_id", {"next": self._next_id})
            self._saved_id = self._next_id
        if self._counts:
            self._statements.many("add_to_counts", _sums(self._counts))
        if self._notes:
            minute = int(self.now // 60)
            sums = [(minute, *row) for row in _sums(self._notes)]
            self._statements.many("add_to_history", sums)


def _sums(changes: Sequence[_More]) -> list[_More]:
    """The changes added up, those left out that cancel each other; in a stable order, against deadlocks."""
    sums: dict[tuple[str, str], int] = {}
    for job_type, what, number in changes:
        sums[job_type, what] = sums.get((job_type, what), 0) + number
    return [(job_type, str(what), number) for (job_type, what), number in sorted(sums.items()) if number]
