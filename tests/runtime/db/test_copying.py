"""A SQLite application is copied to PostgreSQL whole, or not at all."""

import psycopg
import pytest

from runtime.clock import SystemClock
from runtime.db.copying import copy_to_postgres
from runtime.db.location import parse_location
from runtime.errors import UnsupportedDatabase
from runtime.model.outcomes import Failed
from runtime.store import claims, endings, workers
from runtime.testing import open_testing
from tests.runtime.obedient import Diary, Obey, Other, make_app
from tests.runtime.store.synchronous import Store, request, sign_of_life


async def fill(place) -> None:
    """Jobs in every state, one of them in the hands of a worker that is gone."""
    async with open_testing(make_app(), place) as deployment:
        await deployment.queue.enqueue(Obey(name="ü'\"\\ \n"), key="k", delay=60)
        failing, *_ = await deployment.queue.enqueue_many([Obey(), Other(), Obey()])
        await deployment.queue.set_limit("obey", "7/m:3")
        await deployment.queue.pause("other")
        await deployment.db.write(workers.register, sign_of_life("gone", 0.0))
        took = await deployment.db.write(claims.claim, request(worker="gone", most=2))
        store = Store()
        store.clock.time = deployment.clock.now()
        ending = store.ending(took.jobs[0], Failed("wrong", final=True))
        await deployment.db.write(endings.finish, "gone", ending)
        assert took.jobs[0].id == failing


def copy(path, url):
    schemas = make_app().schemas
    return copy_to_postgres(
        parse_location(f"sqlite:///{path}"), parse_location(url), schemas, SystemClock(), lambda _: None
    )


async def test_everything_is_there_afterwards_and_work_goes_on(autojump_clock, path, postgres_url):
    await fill(path)

    copied = {table.name: table.rows for table in copy(path, postgres_url)}

    assert copied["jobs"] == 4
    assert copied["dead_letter_jobs"] == 1
    async with open_testing(make_app(), path) as here, open_testing(make_app(), postgres_url) as there:
        assert await there.queue.jobs() == await here.queue.jobs()
        assert await there.queue.dead_letters() == await here.queue.dead_letters()
        assert await there.queue.limits() == await here.queue.limits()
        assert await there.queue.stats() == await here.queue.stats()
        new_here, new_there = await here.queue.enqueue(Obey()), await there.queue.enqueue(Obey())
        assert new_there.id == new_here.id, "ids go on where they were"
        assert there.service(Diary).names == []


async def test_what_is_there_already_is_left_alone(autojump_clock, path, postgres_url):
    await fill(path)
    async with open_testing(make_app(), postgres_url) as there:
        await there.queue.enqueue(Obey())

        with pytest.raises(UnsupportedDatabase, match="there already"):
            copy(path, postgres_url)
        assert (await there.queue.stats()).pending == 1


async def test_a_copy_that_fails_leaves_nothing(autojump_clock, path, postgres_url):
    await fill(path)
    async with open_testing(make_app(), path) as here:
        await here.db.write(lambda tx: tx._statements._connection.execute("CREATE TABLE stray (x)"))

    with pytest.raises(Exception, match="stray"):
        copy(path, postgres_url)

    location = parse_location(postgres_url)
    with psycopg.connect(location.conninfo) as connection:
        found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (location.schema,))
        assert found.fetchone() is None
