"""Money (T2, T3, T22, T24, T25): whatever is killed or hangs up, one charge an order and one order a key."""

import json
import random
import socket
import struct
import threading
from collections import Counter

import pytest

from runtime.clock import SystemClock
from runtime.worker.options import WorkerOptions
from tests.system.process import eventually
from tests.torture.checker import judge
from tests.torture.customers import Customers, charges, drain, gather, mails_by_order, order, post, stock_up
from tests.torture.siege import pause

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture
def stocked(shop):
    """A shop that was opened once, with plenty of everything."""
    assert shop.ask(lambda deployment: deployment.queue.stats())
    stock_up(shop)
    return shop


def test_no_acknowledged_order_is_lost_and_none_charged_twice_while_everything_is_killed(
    stocked, seed, dice, blows, measured
):
    kills = blows(2, 20)
    customers = Customers(stocked.port, seed)
    died: dict[str, float] = {}  # in wall time, by process
    for _ in range(kills):
        process = stocked.start("up", "--port", str(stocked.port), "--workers", "4")
        process.until("listening")
        pause(dice.uniform(0.05, 0.8))
        stocked.kill(process)
        died[str(process.pid)] = SystemClock().now()
    last = stocked.up("--workers", "20")
    customers.stop()
    drain(stocked, 60 + 2 * kills)

    verdict = judge(gather(stocked, customers))
    crashed = stocked.rows("SELECT worker, ended_at FROM job_attempts WHERE outcome = 'crashed'")
    given_back = [ended - died[worker.split("-")[-2]] for worker, ended in crashed]
    measured("kills", kills)
    measured("jobs cut off", len(given_back))
    measured("slowest to be given back", max(given_back, default=0), "s")
    measured("orders acknowledged", len(customers.acknowledged))
    measured("jobs taken for poison pills", stocked.revived)
    measured("recovered although never acknowledged", len(verdict.recovered))
    assert verdict.faults == {}
    assert max(given_back, default=0) <= WorkerOptions().stale_after + 2
    assert len(customers.acknowledged) > kills
    assert min(mails_by_order(stocked).values()) == 1
    # A mail goes out behind `ctx.once`: a second one only where a kill fell between it and its mark.
    assert sum(count - 1 for count in mails_by_order(stocked).values()) <= kills
    assert last.running


@pytest.mark.torture
def test_the_site_is_killed_and_customers_ask_again(stocked, seed, dice, blows, measured):
    kills = blows(2, 20)
    stocked.worker("--workers", "4")
    customers = Customers(stocked.port, seed)
    for _ in range(kills):
        site = stocked.start("web", "--port", str(stocked.port))
        site.until("listening")
        pause(dice.uniform(0.05, 0.6))
        stocked.kill(site)
    stocked.start("web", "--port", str(stocked.port)).until("listening")
    customers.stop()
    drain(stocked, 60 + 2 * kills)

    assert judge(gather(stocked, customers)).faults == {}
    measured("orders acknowledged", len(customers.acknowledged))


def hang_up(port: int, key: str, how: str, after: float) -> None:
    """Send an order and leave before the answer, in one of the ways that connections end."""
    body = json.dumps(order(key)).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Idempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s" % (key.encode(), len(body), body)
        )
        pause(after)
        if how == "half-close":
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)
        elif how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_whoever_hangs_up_at_whatever_moment_is_charged_for_an_order_or_not_at_all(stocked, dice, blows):
    stocked.up("--workers", "8")
    times = blows(16, 400)
    for number in range(times):
        how = dice.choice(["close", "half-close", "reset"])
        hang_up(stocked.port, f"hasty-{number}", how, dice.uniform(0, 0.03))
    drain(stocked)

    history = gather(stocked)
    history.attempted = {f"hasty-{number}" for number in range(times)}
    assert judge(history).faults == {}


def test_fifty_at_once_with_one_key_make_one_order(stocked, blows):
    stocked.up()
    for number in range(blows(1, 20)):
        key, answers = f"crowd-{number}", []
        threads = [
            threading.Thread(
                target=lambda key=key, seen=answers: seen.append(post(stocked.port, key, order(key)))
            )
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kinds = Counter(answers)
        statuses = {answer[0] for answer in kinds}
        assert statuses <= {201, 409}, kinds
        assert len([answer for answer in kinds if answer[0] == 201]) == 1  # the same to the last byte
        assert stocked.rows("SELECT count(*) FROM orders WHERE user_id = ?", key) == [(1,)]
    drain(stocked)
    assert judge_without_asking(stocked) == {}


@pytest.mark.parametrize(
    "token",
    [
        "tok_timeout",
        *(pytest.param(f"tok_{how}", marks=pytest.mark.torture) for how in ("ok", "declined", "error")),
    ],
)
def test_every_outcome_of_a_payment_survives_a_kill_at_any_moment(stocked, dice, blows, token):
    """Also where the gateway charges and its answer is lost."""
    for number in range(blows(1, 8)):
        process = stocked.up()
        key = f"{token}-{number}"
        asking = threading.Thread(target=post, args=(stocked.port, key, order(key, token)))
        asking.start()
        pause(dice.uniform(0.0, 0.12))
        stocked.kill(process)
        asking.join()
    stocked.up("--workers", "8")
    drain(stocked)

    assert judge_without_asking(stocked) == {}
    if token in {"tok_declined", "tok_error"}:
        assert charges(stocked) == []


def judge_without_asking(shop) -> dict[str, list[str]]:
    """The faults there are, whoever asked for what."""
    history = gather(shop)
    history.attempted = set(history.effects)
    return judge(history).faults


@pytest.mark.torture
def test_an_order_whose_outcome_could_not_be_stored_is_mended(stocked, blows):
    """The database is held by another program between the charge and its outcome."""
    stocked.up()
    chance = random.Random(1)
    for number in range(blows(1, 5)):
        key = f"held-{number}"
        asking = threading.Thread(target=post, args=(stocked.port, key, order(key), 20))
        asking.start()
        eventually(lambda key=key: stocked.rows("SELECT 1 FROM orders WHERE user_id = ?", key))
        with stocked.locked():
            pause(chance.uniform(5.5, 7))
        asking.join()
    drain(stocked)
    assert judge_without_asking(stocked) == {}
