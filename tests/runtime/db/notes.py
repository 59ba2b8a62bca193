"""A database of one table, on a real file."""

from contextlib import asynccontextmanager

from runtime.clock import SystemClock
from runtime.db.base import Transaction
from runtime.db.location import parse_location
from runtime.db.queries import Migration, Schema
from runtime.db.sqlite import open_sqlite


class Notes(Schema):
    """A schema of one table, written here."""

    def queries(self, dialect):
        return {
            "add_note": "INSERT INTO notes (text) VALUES (:text)",
            "all_notes": "SELECT text FROM notes ORDER BY rowid",
            "break_rule": "INSERT INTO notes (text) VALUES (NULL)",
        }

    def migrations(self, dialect):
        return [Migration("notes", 1, "notes", "CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT")]


@asynccontextmanager
async def opened(path, clock=None, **options):
    location, clock = parse_location(f"sqlite:///{path}"), clock or SystemClock()
    async with open_sqlite(location, [Notes("notes", "")], Transaction, clock, **options) as database:
        yield database


def add(tx, text):
    tx.run("add_note", text=text)
    return text


def notes(tx):
    return tx.all("all_notes", str)
