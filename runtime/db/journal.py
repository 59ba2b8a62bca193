"""Journal: the write-ahead log of the writing connection, as far as others wait for it.

It grows with each commit until a checkpoint has brought its pages into the database. SQLite's own
checkpoint is a part of the COMMIT that makes it due, whose callers then wait for two syncs; this one is
made after they were answered.
"""

import apsw

from runtime.clock import Clock
from runtime.db.sqlite_connection import PAGES_OF_A_JOURNAL
from runtime.model.quickness import Quickness


class Journal:
    """Commits transactions of a connection, and knows what the next one has to wait for.

    Args:
        connection: its own checkpoints are turned off.
    """

    __slots__ = ("_clock", "_connection", "_pages", "_quickness")

    def __init__(self, connection: apsw.Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        # None: the next commit may begin the file anew, and SQLite syncs its header then, whoever writes.
        self._pages: int | None = None
        self._quickness = Quickness()
        connection.set_wal_hook(self._grown)

    def commit(self, *, full: bool, on_the_loop: bool) -> None:
        """COMMIT.

        Args:
            full: whether it waits for the disk.
            on_the_loop: where no thread keeps another waiting, the time that it takes is the disk's.

        Raises:
            apsw.Error: it failed; a transaction may still be open.
        """
        before, began = self._pages, self._clock.monotonic()
        # It stays so if this fails: whatever the disk has, the next commit may have to wait for it.
        self._pages = None
        self._connection.execute("COMMIT")
        if self._pages is None:
            self._pages = before  # nothing was written, so it says nothing about the disk
        elif full:
            took = self._quickness.took if on_the_loop else self._quickness.took_at_most
            took(self._clock.monotonic() - began)

    def waits(self, *, sharing: int) -> bool:
        """Whether the next commit may have to wait: for a checkpoint, or for a disk that is not quick.

        A checkpoint of another process may let a commit begin the file anew unforeseen: one sync in
        `PAGES_OF_A_JOURNAL`.

        Args:
            sharing: how many wait for the disk together; 0: nobody does.
        """
        return self._pages is None or self.overdue or self.is_slow(sharing=sharing)

    def is_slow(self, *, sharing: int) -> bool:
        """Whether the disk would keep so many waiting for too long."""
        return sharing > 0 and not self._quickness.quick(sharing)

    @property
    def overdue(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self._pages is not None and self._pages >= PAGES_OF_A_JOURNAL

    def checkpoint(self) -> None:
        """Bring what no reader still needs into the database, waiting for the disk and for nobody else.

        Where it fails (another process is at it, the disk) it remains due. Where readers hold it up it
        is due again with the next commit.
        """
        try:
            self._connection.wal_checkpoint("main", apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:
            return
        self._pages = None

    def _grown(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK
