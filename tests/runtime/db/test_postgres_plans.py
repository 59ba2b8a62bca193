"""How PostgreSQL goes about the statements of the queue when the table is long: by its indexes."""

import pytest

from runtime.db.location import parse_location
from runtime.db.postgres_connection import QUEUE_SETTINGS, Link
from runtime.db.postgres_texts import translate_all
from runtime.db.queries import merge_queries
from tests.runtime.obedient import Obey, make_app

ROWS = 2000
VALUES = {
    "type": "'obey'", "priority": "5", "most": "100", "worker": "'w'", "now": "2.0", "ids": "'[1,2,3]'",
    "claims": "1", "attempts": "1", "oldest": "1.0",
}  # fmt: skip


@pytest.fixture
async def link(postgres_url):
    """The queue's connection to a table that is said to hold a million rows."""
    application = make_app()
    async with application.open(postgres_url) as deployment:
        await deployment.queue.enqueue_many([Obey()] * ROWS)
    location = parse_location(postgres_url)
    opened = Link(location, translate_all(merge_queries(application.schemas, "postgres")), QUEUE_SETTINGS)
    connection = opened.ready()
    connection.execute("ANALYZE jobs")
    connection.execute("UPDATE pg_class SET reltuples = 1000000 WHERE oid = 'jobs'::regclass")
    yield opened
    opened.drop()


@pytest.mark.parametrize(
    ("statement", "by"),
    [("ready_jobs", "jobs_ready"), ("complete_jobs", "jobs_pkey"), ("promote_due", "jobs_scheduled")],
)
async def test_a_batch_is_found_by_an_index_and_never_joined_to_the_whole_table(link, statement, by):
    known = link._texts[statement]
    connection = link.ready()
    connection.pgconn.prepare(b"it", known.text)
    values = ", ".join(VALUES[name] for name in known.names)

    plan = "\n".join(str(row[0]) for row in connection.execute(f"EXPLAIN EXECUTE it({values})").fetchall())

    assert by in plan
    assert "jobs_processing" not in plan, "it holds what this worker has finished since the last vacuum"
    for slow in ("Merge Join", "Hash Join", "Seq Scan"):
        assert slow not in plan, plan
