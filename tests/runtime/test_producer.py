"""Enqueue on a connection that belongs to another program, in its transaction."""

import sys
from contextlib import contextmanager

import apsw
import psycopg
import pytest
import trio

from runtime.db.location import parse_location
from runtime.errors import ConfigurationError, InvalidInput
from runtime.producer import enqueue, statement
from runtime.testing import drain, open_testing
from tests.runtime.obedient import Diary, Obey, make_app

# The standard library's sqlite3 must not open a file that this process has open (it would drop its
# locks): so it is tried in a process of its own.
WITH_SQLITE3 = """
import sqlite3, sys
from runtime.job import Job
from runtime.producer import enqueue

class Obey(Job, type="obey"):
    name: str

connection = sqlite3.connect(sys.argv[1])
first = enqueue(connection, Obey(name="committed"), key="k", unique_for=60)
assert enqueue(connection, Obey(name="never"), key="k") == first
connection.commit()
enqueue(connection, Obey(name="rolled back"))
connection.rollback()
assert "trio" not in sys.modules
"""


def schema_of(place) -> str:
    return "creche" if not isinstance(place, str) else parse_location(place).schema


@contextmanager
def foreign(place, *, begin=True):
    """A connection of another program's; committed at the end."""
    if isinstance(place, str):
        with psycopg.connect(parse_location(place).conninfo) as connection:
            yield connection
        return
    connection = apsw.Connection(str(place))
    if begin:
        connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        if connection.in_transaction:
            connection.execute("COMMIT")
    finally:
        connection.close()


@pytest.fixture
async def migrated(autojump_clock, place):
    async with open_testing(make_app(), place):
        pass
    return place


async def test_the_job_is_stored_as_if_the_application_had_enqueued_it(migrated):
    with foreign(migrated) as connection:
        job = enqueue(
            connection, Obey(name="a"), schema=schema_of(migrated), priority=7, max_attempts=2, key="k"
        )

    async with open_testing(make_app(), migrated) as deployment:
        record = (await deployment.queue.job(job)).record
        ours = await deployment.queue.enqueue(Obey(name="a"), priority=7, max_attempts=2)
        assert (record.type, record.payload, record.priority) == (ours.type, ours.payload, ours.priority)
        assert (record.max_attempts, record.key, record.status) == (2, "k", ours.status)
        assert ours.id > job
        assert (await deployment.queue.stats()).pending == 2
        await drain(deployment)
        assert deployment.service(Diary).names == ["a", "a"]


async def test_the_job_exists_exactly_if_that_transaction_commits(migrated):
    def enqueue_and_fail():
        with foreign(migrated) as connection:
            enqueue(connection, Obey(), schema=schema_of(migrated))
            raise LookupError

    with pytest.raises(LookupError):
        enqueue_and_fail()

    async with open_testing(make_app(), migrated) as deployment:
        assert (await deployment.queue.jobs()).items == ()
        assert (await deployment.queue.stats()).pending == 0


async def test_a_key_that_is_taken_gives_the_job_that_holds_it(migrated):
    schema = schema_of(migrated)
    async with open_testing(make_app(), migrated) as deployment:
        held = await deployment.queue.enqueue(Obey(), key="ours")
        with foreign(migrated) as connection:
            assert enqueue(connection, Obey(), schema=schema, key="ours") == held.id
            theirs = enqueue(connection, Obey(), schema=schema, key="theirs")
            assert enqueue(connection, Obey(), schema=schema, key="theirs") == theirs
        again = await deployment.queue.enqueue(Obey(), key="theirs")
        assert (again.id, again.duplicate) == (theirs, True)
        await drain(deployment)
        with foreign(migrated) as connection:
            assert enqueue(connection, Obey(), schema=schema, key="ours") not in {held.id, theirs}


async def test_options_out_of_range_are_refused_before_anything_is_written(migrated):
    with foreign(migrated) as connection, pytest.raises(InvalidInput, match="priority"):
        enqueue(connection, Obey(), schema=schema_of(migrated), priority=101)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_without_a_transaction_nothing_is_enqueued(migrated):
    with foreign(migrated, begin=False) as connection, pytest.raises(ConfigurationError, match="begin"):
        enqueue(connection, Obey())


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_the_standard_librarys_sqlite3_in_a_program_without_trio(migrated):
    await trio.run_process([sys.executable, "-c", WITH_SQLITE3, str(migrated)])

    async with open_testing(make_app(), migrated) as deployment:
        (only,) = (await deployment.queue.jobs()).items
        assert '"committed"' in only.payload


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "arguments",
    [
        "type => 'obey', payload => '[]'",
        "type => 'obey', payload => 'not json'",
        "type => 'obey', priority => 101",
        "type => 'obey', max_attempts => 0",
        "type => 'obey', unique_for => 5",
        "type => 'obey', key => ''",
        "type => NULL",
    ],
)
async def test_the_sql_function_refuses_what_could_not_run(migrated, arguments):
    with psycopg.connect(parse_location(migrated).conninfo) as connection, pytest.raises(psycopg.Error):
        connection.execute(f"SELECT {schema_of(migrated)}.enqueue({arguments})")


def test_no_schema_slips_into_the_statement():
    with pytest.raises(ConfigurationError):
        statement(Obey(), schema="x; DROP TABLE jobs")


@pytest.mark.parametrize(
    "option", [{"expires": 1}, {"deadline": 1}, {"done_within": 1}, {"on_conflict": "keep"}]
)
def test_what_the_function_of_postgresql_does_not_know_is_refused(option):
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        statement(Obey(), **option)
