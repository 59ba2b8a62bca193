"""PostgreSQL with its threads: what commits, what is run again, who is told, whose clock counts."""

import threading
from functools import partial

import psycopg
import pytest
import trio

from runtime.clock import SystemClock
from runtime.db.base import CheckViolation, UniqueViolation
from runtime.db.location import parse_location
from runtime.errors import DatabaseBusy, DatabaseError, UnsupportedDatabase
from runtime.model.records import Status
from runtime.store import claims, endings, workers
from tests.runtime.obedient import Obey, Other, make_app
from tests.runtime.store.synchronous import request, sign_of_life

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"


class Wrong(SystemClock):
    """A machine whose wall clock is an hour ahead."""

    def now(self) -> float:
        return super().now() + 3600


@pytest.fixture
async def deployment(postgres_url):
    async with make_app().open(postgres_url) as opened:
        yield opened


@pytest.fixture
async def another(postgres_url, deployment):
    """The same application in another process, as good as."""
    async with make_app().open(postgres_url) as opened:
        yield opened


def plain(url):
    return psycopg.connect(parse_location(url).conninfo, autocommit=True)


def tokens(tx):
    return tx.one("find_limit", lambda _type, _rate, _source, tokens, _at: tokens, type="obey")


async def test_functions_that_wait_together_commit_together_and_fail_alone(deployment):
    results = []

    async def one(number):
        def fn(tx):
            tx.enqueue(Obey(name=str(number)))
            if number % 10 == 3:
                raise LookupError(number)

        try:
            await deployment.db.write(fn)
        except LookupError as error:
            results.append(error.args[0])

    async with trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(one, number)

    assert sorted(results) == list(range(3, 100, 10))
    assert (await deployment.queue.stats()).pending == 90
    assert len((await deployment.queue.jobs(limit=200)).items) == 90


async def test_a_function_that_another_transaction_overtook_runs_again(deployment, another):
    """As on SQLite, where it would have waited: nothing that it read has changed when it commits."""
    await deployment.queue.set_limit("obey", "5/s")

    def add_one(tx):
        tx.run("save_bucket", type="obey", tokens=tokens(tx) + 1, updated_at=tx.now)

    async with trio.open_nursery() as nursery:
        for database in [deployment.db, another.db] * 25:
            nursery.start_soon(database.write, add_one)

    assert await deployment.db.read(tokens) == 5 + 50


async def test_where_all_want_the_same_row_the_writers_soon_leave_it_to_one(deployment):
    """A function that is overtaken again and again is in the end told that the database is busy."""
    await deployment.queue.set_limit("obey", "5/s")

    def add_one(tx):
        tx.change("save_bucket", type="obey", tokens=tokens(tx) + 1, updated_at=tx.now)

    async def add_some():
        for _ in range(60):
            await deployment.db.write(add_one)

    async with trio.open_nursery() as nursery:
        for _ in range(16):
            nursery.start_soon(add_some)

    assert await deployment.db.read(tokens) == 5 + 16 * 60
    assert sum(group.refusals for group in deployment.db._groups) <= 20, "one at each trial, or two"


async def test_one_key_one_job_whoever_comes_at_the_same_moment(deployment, another):
    records = []

    async def enqueue(queue):
        records.append(await queue.enqueue(Obey(), key="k"))

    async with trio.open_nursery() as nursery:
        for queue in [deployment.queue, another.queue] * 20:
            nursery.start_soon(enqueue, queue)

    assert len({record.id for record in records}) == 1
    assert sum(not record.duplicate for record in records) == 1


async def test_no_job_is_claimed_twice_whoever_claims_at_the_same_moment(deployment, another):
    await deployment.queue.enqueue_many([Obey()] * 300 + [Other()] * 100)
    taken = []

    async def claim(database, worker):
        await database.write(workers.register, sign_of_life(worker, 0.0))
        while got := (await database.write_relaxed(claims.claim, request(worker=worker, most=7))).jobs:
            assert len(got) <= 7
            taken.extend(job.id for job in got)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(claim, (deployment, another)[number % 2].database, f"w{number}")

    assert len(taken) == len(set(taken)) == 400
    assert (await deployment.queue.stats()).processing == 400


async def test_what_a_worker_claims_while_it_is_buried_is_given_back_too(deployment, another, postgres_url):
    record = await deployment.queue.enqueue(Obey())
    await deployment.database.write(workers.register, sign_of_life("w1", 1.0))
    in_between, go_on = trio.Event(), threading.Event()
    loop = trio.lowlevel.current_trio_token()

    def claim(tx):
        assert workers.may_claim(tx, "w1")
        loop.run_sync_soon(in_between.set)
        go_on.wait(10)
        return claims.claim(tx, request(worker="w1", most=1)).jobs

    async def bury(buried):
        await another.database.write_relaxed(endings.rescue, "w1", "silent", 1.0)
        buried.set()

    def done_or_blocked(buried):
        blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with plain(postgres_url) as onlooker:
            while not (buried.is_set() or onlooker.execute(blocked).fetchall()):
                buried.wait(0.01)
        go_on.set()

    buried = threading.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(deployment.database.write_relaxed, claim)
        await in_between.wait()
        nursery.start_soon(bury, buried)
        await trio.to_thread.run_sync(done_or_blocked, buried)

    assert (await deployment.queue.job(record.id)).record.status is Status.PENDING
    assert await deployment.db.read(workers.stored) == []


async def test_a_limit_holds_for_all_processes_together(deployment, another):
    await deployment.queue.set_limit("obey", "1/h:30")
    await deployment.queue.enqueue_many([Obey()] * 200)
    taken = []

    async def claim(database, worker):
        for _ in range(5):
            taken.extend((await database.write_relaxed(claims.claim, request(worker=worker, most=3))).jobs)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(claim, (deployment, another)[number % 2].database, f"w{number}")

    assert len(taken) == 30


async def test_reading_does_not_write(deployment):
    with pytest.raises(DatabaseError, match="read-only"):
        await deployment.db.read(lambda tx: tx.run("pause_type", type="obey", now=tx.now))


async def test_constraints_have_the_same_errors_as_elsewhere(deployment):
    def insert(tx, priority):
        tx.many("insert_job", [(1, "obey", "{}", "pending", priority, 5, None, 0.0, 0.0)])

    await deployment.db.write(insert, 5)
    with pytest.raises(UniqueViolation):
        await deployment.db.write(insert, 5)
    with pytest.raises(CheckViolation):
        await deployment.db.write(insert, 500)


async def test_a_function_that_swallows_a_failed_statement_is_not_acknowledged(deployment):
    def swallow(tx):
        tx.enqueue(Obey())
        try:
            tx.run("set_once_mark", key=None, job_id=1, now=tx.now)
        except psycopg.Error:
            return "fine"

    with pytest.raises(DatabaseError, match="went on"):
        await deployment.db.write(swallow)
    assert (await deployment.queue.stats()).pending == 0


async def test_the_servers_clock_counts_not_the_machines(postgres_url):
    async with make_app().open(postgres_url, clock=Wrong()) as deployment:
        record = await deployment.queue.enqueue(Obey(), delay=60)

        assert abs(record.created_at - SystemClock().now()) < 60
        assert abs(deployment.clock.now() - SystemClock().now()) < 60
        assert abs(deployment.clock.monotonic() - SystemClock().now()) < 60
        assert await deployment.db.write(lambda tx: tx.now) >= deployment.clock.now() - 5


async def test_what_is_announced_reaches_the_other_processes(deployment, another):
    heard = trio.Event()
    stop = another.db.listen(lambda subjects: heard.set() if "due" in subjects else None)
    while not heard.is_set():  # its LISTEN may take a moment: announced until it is heard
        await deployment.queue.enqueue(Obey())
        with trio.move_on_after(0.1):
            await heard.wait()
    stop()


async def test_a_cut_listener_listens_again(deployment, another, postgres_url):
    heard = trio.Event()
    another.db.listen(lambda subjects: heard.set() if "due" in subjects else None)

    for _ in range(2):
        heard = trio.Event()
        with trio.fail_after(10):
            while not heard.is_set():
                await deployment.queue.enqueue(Obey())
                with trio.move_on_after(0.1):
                    await heard.wait()
        with plain(postgres_url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            )


async def test_another_producers_enqueue_wakes_us(deployment, postgres_url):
    heard = trio.Event()
    deployment.db.listen(lambda subjects: heard.set() if "due" in subjects else None)
    schema = parse_location(postgres_url).schema
    with plain(postgres_url) as connection, trio.fail_after(10):
        while not heard.is_set():
            connection.execute(f"SELECT {schema}.enqueue(type => 'obey')")
            with trio.move_on_after(0.1):
                await heard.wait()


async def test_a_cancelled_caller_that_waits_has_done_nothing(deployment, postgres_url):
    schema = parse_location(postgres_url).schema

    async def enqueue(name, key):  # what has a key asks the server, so a writing thread has to do it
        await deployment.queue.enqueue(Obey(name=name), key=key)

    with plain(postgres_url) as connection:
        connection.execute("BEGIN")
        connection.execute(f"LOCK TABLE {schema}.jobs IN EXCLUSIVE MODE")
        async with trio.open_nursery() as nursery:
            for number in (1, 2):  # the writer and its relief have something to wait for
                nursery.start_soon(enqueue, "blocked", f"key {number}")
                while connection.execute(WAITING, (f"{schema}.jobs",)).fetchone() != (number,):  # noqa: ASYNC110
                    await trio.sleep(0.01)
            with trio.move_on_after(0.05) as scope:
                await enqueue("cancelled", "key")
            assert scope.cancelled_caught
            connection.execute("COMMIT")

    names = [job.payload for job in (await deployment.queue.jobs()).items]
    assert len(names) == 2
    assert not any("cancelled" in name for name in names)


async def test_a_table_that_another_program_has_locked_keeps_only_those_waiting_who_want_it(
    deployment, postgres_url
):
    schema = parse_location(postgres_url).schema
    with plain(postgres_url) as connection:
        connection.execute("BEGIN")
        connection.execute(f"LOCK TABLE {schema}.jobs IN EXCLUSIVE MODE")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(deployment.queue.enqueue, Obey(), key="waits"))
            while connection.execute(WAITING, (f"{schema}.jobs",)).fetchone() != (1,):  # noqa: ASYNC110
                await trio.sleep(0.01)
            with trio.fail_after(4):  # the one before it would be refused after five
                await deployment.queue.pause("obey")
            connection.execute("COMMIT")

    assert (await deployment.queue.stats()).pending == 1


async def test_what_one_function_changed_is_its_own_fault_though_the_server_hears_of_it_from_the_next(
    deployment, postgres_url
):
    refused = []

    def fn(tx, number):
        tx.one("open_parents", int, job_id=number)  # the server hears now what the one before it changed
        tx.change("insert_wait", job_id=number, open=-1 if number % 4 == 1 else 0)

    async def one(number):
        try:
            await deployment.db.write(fn, number)
        except CheckViolation:
            refused.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(16):
            nursery.start_soon(one, number)

    assert sorted(refused) == [1, 5, 9, 13]
    with plain(postgres_url) as connection:
        schema = parse_location(postgres_url).schema
        stored = connection.execute(
            f"SELECT array_agg(job_id ORDER BY job_id) FROM {schema}.job_waits"
        ).fetchone()
    assert stored == ([number for number in range(16) if number % 4 != 1],)


async def test_many_processes_make_the_schema_at_once(postgres_url):
    async def open_and_close():
        async with make_app().open(postgres_url) as opened:
            await opened.queue.enqueue(Obey())

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(open_and_close)

    async with make_app().open(postgres_url) as deployment:
        assert (await deployment.queue.stats()).pending == 6


async def test_a_server_that_is_not_there_is_said_in_one_line_without_the_password(tmp_path):
    url = f"postgresql://ada:s3cret@/shop?host={tmp_path}&connect_timeout=1"
    clock = Impatient()

    with pytest.raises(DatabaseBusy) as caught:
        async with make_app().open(url, clock=clock):
            pass

    assert "cannot reach postgresql://ada@/shop" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


class Impatient(SystemClock):
    """Each look at the clock takes two seconds."""

    def __init__(self):
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return super().monotonic() + 2 * self._looks


async def test_a_database_that_is_not_there_is_refused_at_once(postgres_server):
    host, _, query = postgres_server.partition("?")
    url = f"{host.removesuffix('/postgres')}/nonesuch?{query}"

    with pytest.raises(UnsupportedDatabase, match="nonesuch"):
        async with make_app().open(url):
            pass


async def test_all_connections_are_given_back_at_the_end(postgres_url):
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    url = f"{postgres_url}&application_name=counted-{id(postgres_url)}"
    async with make_app().open(url) as deployment:
        deployment.db.listen(lambda _: None)
        await deployment.queue.enqueue(Obey())
        await deployment.queue.stats()

    with plain(postgres_url) as connection:
        with trio.fail_after(5):
            while connection.execute(count, (f"counted-{id(postgres_url)}",)).fetchone() != (0,):  # noqa: ASYNC110
                await trio.sleep(0.01)
