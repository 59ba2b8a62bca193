"""kill -9 in each gap of a checkout: what was charged is paid for good, what was not is undone."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from trio.testing import MockClock

from runtime.clock import SystemClock
from runtime.testing import drain, open_testing
from shop.app import build_app
from shop.orders import OrderStatus, list_orders
from shop.products import find_product
from shop.services.bundle import ShopServices

CALM = {"SHOP_LATENCY": "0", "SHOP_FAILURES": "0"}

# A checkout that says "here" and stops before or after the real charge.
CHECKOUT = """
import sys, trio
from dataclasses import replace
from shop.app import build_app
from shop.checkout import checkout
from shop.requests import OrderRequest
from shop.services.bundle import ShopServices

class Stuck:
    def __init__(self, gateway): self.gateway = gateway
    def knows(self, token): return True
    async def charge(self, *charge):
        if sys.argv[2] == "after":
            await self.gateway.charge(*charge)
        print("here", flush=True)
        await trio.sleep_forever()

async def main():
    async with build_app({}).open(sys.argv[1]) as deployment:
        services = deployment.service(ShopServices)
        stuck = replace(services, gateway=Stuck(services.gateway))
        line = {"productId": "prod-1", "quantity": 1}
        request = {"userId": "ada", "email": "ada@example.com", "items": [line], "paymentToken": "tok_ok"}
        stopped = replace(deployment, services={ShopServices: stuck})
        await checkout(stopped, OrderRequest.model_validate(request), "key")

trio.run(main)
"""


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize(
    ("where", "status", "charges", "stock"),
    [("before", OrderStatus.PAYMENT_FAILED, 0, 50), ("after", OrderStatus.COMPLETED, 8999, 49)],
)
async def test_a_killed_checkout_is_mended(
    tmp_path: Path, autojump_clock: MockClock, where: str, status: OrderStatus, charges: int, stock: int
) -> None:
    database = tmp_path / "shop.db"
    run_until_stuck_and_kill(f"sqlite:///{database}", where)

    two_minutes_later = SystemClock().now() + 120
    async with open_testing(build_app(CALM), database, start=two_minutes_later) as deployment:
        await drain(deployment)

        (order,) = (await deployment.db.read(list_orders)).items
        product = await deployment.db.read(find_product, "prod-1")
        ledger = deployment.service(ShopServices).gateway.ledger.entries()
    assert (order.status, product.stock) == (status, stock)
    assert sum(entry.amount_cents for entry in ledger) == charges


def run_until_stuck_and_kill(url: str, where: str) -> None:
    command = [sys.executable, "-c", CHECKOUT, url, where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
