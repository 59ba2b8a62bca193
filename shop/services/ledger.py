"""Ledger: what the simulated gateway remembers, in a file of its own.

The gateway is another system. What it has charged stays charged when this
process dies, whatever our database says: that is what makes recovery real.
One JSON object a line, appended and synced under a lock that all processes share.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shop.payments import PaymentState


class Entry(BaseModel):
    """What became of one reference."""

    model_config = ConfigDict(frozen=True)

    reference: str
    """The order id: the idempotency key of the charge."""
    state: PaymentState
    amount_cents: int = 0
    charge_id: str | None = None


class Ledger:
    """Blocking; call it on a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Entry] = {}
        self._read_to = 0

    def record(self, proposed: Entry) -> Entry:
        """Write an entry unless its reference has one; return the one that stands.

        Raises:
            OSError: the file cannot be written; nothing was recorded.
        """
        return self.record_all([proposed])[0]

    def record_all(self, proposed: Sequence[Entry]) -> list[Entry]:
        """`record` for several; all that are new, or none.

        Raises:
            OSError: the file cannot be written; nothing was recorded.
        """
        with self._locked() as file:
            self._catch_up(file)
            fresh: dict[str, Entry] = {}
            for entry in proposed:
                if entry.reference not in self._entries:
                    fresh.setdefault(entry.reference, entry)
            if fresh:
                self._append(
                    file, b"".join(entry.model_dump_json().encode() + b"\n" for entry in fresh.values())
                )
                self._entries |= fresh
            return [self._entries[entry.reference] for entry in proposed]

    def entries(self) -> list[Entry]:
        """All that was ever recorded, oldest first."""
        with self._locked() as file:
            self._catch_up(file)
            return list(self._entries.values())

    def _append(self, file: int, lines: bytes) -> None:
        try:
            self._write(file, lines)
        except OSError:
            os.ftruncate(file, self._read_to)  # else the next to look would find what was never acknowledged
            raise
        self._read_to += len(lines)

    def _write(self, file: int, lines: bytes) -> None:
        if os.pwrite(file, lines, self._read_to) < len(lines):
            raise OSError(f"{self.path}: no space for a ledger entry")
        os.fsync(file)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _catch_up(self, file: int) -> None:
        """Read what other processes have added. A torn last line was never acknowledged: it goes."""
        added = os.pread(file, os.fstat(file).st_size - self._read_to, self._read_to)
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            entry = Entry.model_validate_json(line)
            self._entries[entry.reference] = entry
        self._read_to += len(whole)
        if len(whole) < len(added):
            os.ftruncate(file, self._read_to)
