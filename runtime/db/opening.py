"""Opening a database: which dialect a location needs."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from runtime.clock import Clock
from runtime.db.base import Database, Statements, Transaction
from runtime.db.location import Location, SqliteLocation
from runtime.db.queries import Schema
from runtime.db.sqlite import open_sqlite
from runtime.errors import UnsupportedDatabase

TransactionT = TypeVar("TransactionT", bound=Transaction)


@contextmanager
def needs_psycopg() -> Iterator[None]:
    """Imports of what talks to PostgreSQL.

    Raises:
        UnsupportedDatabase: its driver is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise UnsupportedDatabase(
            f"PostgreSQL needs psycopg: pip install 'creche[postgres]' ({error})"
        ) from error


def open_database(
    location: Location,
    schemas: Sequence[Schema],
    make: Callable[[Statements, float], TransactionT],
    clock: Clock,
    *,
    chance: random.Random,
    inline: bool = False,
    adopt: bool = False,
    durable: bool = True,
) -> AbstractAsyncContextManager[Database[TransactionT]]:
    """The database at `location`, open while the block runs; see `open_sqlite` and `open_postgres`.

    Raises:
        UnsupportedDatabase: PostgreSQL is wanted and its driver is not installed.
    """
    if isinstance(location, SqliteLocation):
        return open_sqlite(location, schemas, make, clock, inline=inline, adopt=adopt, durable=durable)
    with needs_psycopg():
        from runtime.db.postgres import open_postgres
    return open_postgres(
        location, schemas, make, clock, chance=chance, inline=inline, adopt=adopt, durable=durable
    )
