"""Brief writing of notes, and where it was done."""

import threading

from runtime.db.base import brief
from runtime.errors import DatabaseError
from tests.runtime.db.notes import add

HERE = threading.get_ident()


@brief
def note(tx, text):
    """Where it was written."""
    add(tx, text)
    return threading.get_ident()


class Notes:
    """Writes from many tasks, and keeps what came of each."""

    def __init__(self, database):
        self.database = database
        self.places = {}

    async def relaxed(self, text):
        await self._keep(self.database.write_relaxed, text)

    async def durable(self, text):
        await self._keep(self.database.write, text)

    async def _keep(self, write, text):
        try:
            self.places[text] = await write(note, text)
        except DatabaseError as error:
            self.places[text] = error

    @property
    def here(self):
        """The texts that were written on the trio thread."""
        return {text for text, place in self.places.items() if place == HERE}
