"""The same store on PostgreSQL: one schema for all tests of a process, emptied for each."""

import random

from runtime.app import RUNTIME_SCHEMA
from runtime.db.location import parse_location
from runtime.db.postgres_commit import PostgresGroup
from runtime.db.postgres_connection import QUEUE_SETTINGS, Link
from runtime.db.postgres_herald import LocalHerald
from runtime.db.postgres_manners import APPLICATION, MOMENTS
from runtime.db.postgres_migrations import migrate_postgres
from runtime.db.postgres_texts import translate_all
from runtime.db.queries import merge_queries
from runtime.transaction import JobTransaction
from tests.runtime.store.synchronous import StillClock, Store

STATEMENTS = translate_all({**MOMENTS, **merge_queries([RUNTIME_SCHEMA], "postgres")})


class PostgresPlace:
    """A schema with our tables in it, and the connection that all its stores use, one after the other."""

    def __init__(self, url: str) -> None:
        self.location = parse_location(url)
        self.link = Link(self.location, STATEMENTS, QUEUE_SETTINGS)
        migrate_postgres(self.link.ready(), [RUNTIME_SCHEMA], StillClock(), self.location, adopt=False)
        tables = self.link.ready().execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> 'creche_migrations'",
            (self.location.schema,),
        )
        self._emptied = "; ".join(f"DELETE FROM {name}" for (name,) in tables)

    def empty(self) -> None:
        """Begin anew, ids included."""
        self.link.drop()  # and with it the ids that this connection has reserved
        connection = self.link.ready()
        connection.execute(self._emptied)
        connection.execute("ALTER SEQUENCE job_ids RESTART; ALTER SEQUENCE dead_letter_jobs_id_seq RESTART")

    def next_id_is(self, number: int) -> None:
        """What the next job gets as its id."""
        self.link.ready().execute("SELECT setval('job_ids', %s, false)", (number,))
        self.link.statements.forget_reserved()


class PostgresStore(Store):
    """See `Store`."""

    def __init__(self, place: PostgresPlace) -> None:
        self.announced = frozenset()
        self._place = place
        place.empty()
        self.use(StillClock())

    def use(self, clock: StillClock) -> None:
        """Go by this clock."""
        self.clock = clock
        place, chance = self._place, random.Random(0)
        herald = LocalHerald(self._heard)
        self._commit = PostgresGroup(
            place.link, place.location, APPLICATION, JobTransaction, herald, self.clock, None, chance
        )

    def rows(self, sql: str, *parameters) -> list[tuple]:
        connection = self._place.link.ready()
        connection.execute("SELECT fold_counters()")
        return connection.execute(sql.replace("?", "%s"), parameters).fetchall()

    def execute(self, sql: str, *parameters) -> None:
        self._place.link.ready().execute(sql.replace("?", "%s"), parameters)

    def _begin(self) -> JobTransaction:
        self._place.link.ready()
        return JobTransaction(self._place.link.statements, self.now)
