"""Ledger: what the simulated gateway remembers, in a file of its own.

The gateway is another system. What it has charged stays charged when this
process dies, whatever our database says: that is what makes recovery real.
One JSON object a line, appended and synced under a lock that all processes share.
"""

import fcntl
import os
from collections.abc import Iterator
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
        with self._locked() as file:
            self._catch_up(file)
            standing = self._entries.get(proposed.reference)
            if standing is not None:
                return standing
            line = proposed.model_dump_json().encode() + b"\n"
            if os.pwrite(file, line, self._read_to) < len(line):
                raise OSError(f"{self.path}: no space for a ledger entry")
            os.fsync(file)
            self._read_to += len(line)
            self._entries[proposed.reference] = proposed
            return proposed

    def entries(self) -> list[Entry]:
        """All that was ever recorded, oldest first."""
        with self._locked() as file:
            self._catch_up(file)
            return list(self._entries.values())

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
