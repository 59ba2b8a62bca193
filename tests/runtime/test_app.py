"""App: opened it has a database, services and background work, and takes them down in order."""

import subprocess
import sys
from contextlib import asynccontextmanager

import apsw
import pytest
import trio

from runtime.app import App
from runtime.db.queries import Schema
from runtime.errors import (
    ConfigurationError,
    DatabaseError,
    SchemaMismatch,
    UnsupportedDatabase,
)
from runtime.testing import open_testing
from tests.runtime.obedient import Diary, Obey, make_app


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


class Log(list):
    """What happened, in order; a service."""


def app_with(log: Log, *, opening: Exception | None = None, closing: Exception | None = None) -> App:
    @asynccontextmanager
    async def services(deployment):
        if opening:
            raise opening
        log.append("services opened")
        try:
            yield [log, Diary()]
        finally:
            log.append("services closed")
            if closing:
                raise closing

    app = App("logging", services=services)
    app.declare(Obey)
    return app


async def test_declaring_an_application_opens_nothing(path):
    app_with(Log())

    assert not path.exists()


async def test_services_are_there_while_it_is_open(url):
    log = Log()
    async with app_with(log).open(url) as deployment:
        assert deployment.service(Log) is log
        assert log == ["services opened"]
        with pytest.raises(ConfigurationError, match="no service of class int"):
            deployment.service(int)

    assert log == ["services opened", "services closed"]


async def test_services_are_opened_with_a_deployment_that_works(url):
    @asynccontextmanager
    async def services(deployment):
        record = await deployment.queue.enqueue(Obey())
        yield [record.id]

    app = App("x", services=services)
    app.declare(Obey)
    async with app.open(url) as deployment:
        assert (await deployment.queue.job(deployment.service(int))).record.type == "obey"


@pytest.mark.parametrize("inline", [False, True])
async def test_services_that_fail_to_open_raise_their_plain_error(url, inline):
    error = LookupError("no printer")

    with pytest.raises(LookupError, match="no printer") as caught:
        async with app_with(Log(), opening=error).open(url, inline=inline):
            pass

    assert caught.value is error


async def test_services_that_fail_to_close_raise_their_plain_error(url):
    with pytest.raises(LookupError, match="stuck"):
        async with app_with(Log(), closing=LookupError("stuck")).open(url):
            pass


async def test_what_fails_inside_the_block_comes_out_plain_and_the_services_are_closed(url):
    log = Log()

    with pytest.raises(LookupError, match="inside"):
        async with app_with(log).open(url):
            raise LookupError("inside")

    assert log == ["services opened", "services closed"]


async def test_a_cancelled_application_closes_its_services(url):
    log = Log()
    with trio.CancelScope() as scope:
        async with app_with(log).open(url):
            scope.cancel()
            await trio.lowlevel.checkpoint()

    assert scope.cancelled_caught
    assert log == ["services opened", "services closed"]


@pytest.mark.parametrize(
    ("bad", "error"),
    [("mysql://x/y", UnsupportedDatabase), ("sqlite:///{}/no/such/folder.db", UnsupportedDatabase)],
)
async def test_a_database_that_cannot_be_opened_is_a_plain_error_and_no_service_is_opened(
    bad, error, tmp_path
):
    log = Log()

    with pytest.raises(error):
        async with app_with(log).open(bad.format(tmp_path)):
            pass

    assert log == []


async def work_for(seconds, log, word="work done"):
    await trio.sleep(seconds)
    log.append(word)


async def test_background_work_outlives_its_cancelled_caller_and_ends_before_the_services_close(
    autojump_clock, path
):
    log = Log()
    async with open_testing(app_with(log), path) as deployment:
        with trio.move_on_after(1) as request:
            await deployment.background.run(work_for, 5, log)
        assert request.cancelled_caught
        log.append("leaving")

    assert log == ["services opened", "leaving", "work done", "services closed"]


async def test_also_when_the_application_ends_by_an_error(autojump_clock, path):
    log = Log()

    async def use():
        async with open_testing(app_with(log), path) as deployment:
            with trio.move_on_after(1):
                await deployment.background.run(work_for, 5, log)
            raise LookupError("crash")

    with pytest.raises(LookupError, match="crash"):
        await use()
    assert log == ["services opened", "work done", "services closed"]


async def test_background_work_may_use_the_database_until_it_ends(autojump_clock, path):
    async def enqueue_later(deployment):
        await trio.sleep(5)
        await deployment.queue.enqueue(Obey(name="late"))

    app = app_with(Log())
    async with open_testing(app, path) as deployment:
        with trio.move_on_after(1):
            await deployment.background.run(enqueue_later, deployment)

    async with open_testing(app, path) as deployment:
        assert (await deployment.queue.stats()).pending == 1


async def test_an_application_without_services_has_background_work_too(autojump_clock, path):
    log = Log()
    async with open_testing(App("bare"), path) as deployment:
        with trio.move_on_after(1):
            await deployment.background.run(work_for, 5, log)

    assert log == ["work done"]


async def test_opening_it_again_changes_nothing_in_the_file(url, path):
    async with make_app().open(url):
        pass
    onlooker = apsw.Connection(str(path))
    before = onlooker.execute("PRAGMA data_version").get

    async with make_app().open(url):
        pass

    assert onlooker.execute("PRAGMA data_version").get == before
    async with make_app().open(url) as deployment:
        await deployment.queue.enqueue(Obey())
    assert onlooker.execute("PRAGMA data_version").get != before
    onlooker.close()


async def test_it_can_be_open_twice_in_one_process(url):
    app = make_app()
    async with app.open(url) as first, app.open(url) as second:
        record = await first.queue.enqueue(Obey(name="mine"))
        assert (await second.queue.job(record.id)).record == record
        other = await second.queue.enqueue(Obey(name="theirs"))
        assert other.id == record.id + 1
    async with app.open(url) as again:
        assert (await again.queue.stats()).pending == 2


PROCESS = """
import sys, trio
from tests.runtime.obedient import Obey, make_app
async def main():
    async with make_app().open(sys.argv[1]) as deployment:
        print("open", flush=True)
        await trio.to_thread.run_sync(sys.stdin.readline)
        for _ in range(20):
            await deployment.queue.enqueue(Obey())
trio.run(main)
"""


@pytest.mark.slow
def test_several_processes_make_one_database_and_use_it_together(url, path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    assert [process.stdout.readline() for process in processes] == ["open\n"] * 4, "all at once"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[1] for process in processes]

    assert said == [""] * 4
    onlooker = apsw.Connection(str(path))
    assert onlooker.execute("SELECT count(*), max(id) FROM jobs").get == (80, 80)
    onlooker.close()


async def test_an_older_application_does_not_open_a_newer_database(url, tmp_path, monkeypatch):
    package = tmp_path / "notes_of_a_test"
    for step in (1, 2):
        file = package / "migrations" / f"000{step}_step.sqlite.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"CREATE TABLE notes{step} (x)")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    app = App("notes", schemas=[Schema("notes", "notes_of_a_test")])
    async with app.open(url):
        pass
    (package / "migrations" / "0002_step.sqlite.sql").unlink()

    with pytest.raises(SchemaMismatch, match="newer version"):
        async with app.open(url):
            pass


async def test_what_is_asked_of_a_closed_application_is_an_error_and_no_wait_for_ever(url):
    async with make_app().open(url) as deployment:
        pass

    for question in (deployment.queue.stats, lambda: deployment.queue.enqueue(Obey())):
        with pytest.raises(DatabaseError, match="closed"), trio.fail_after(5):
            await question()
