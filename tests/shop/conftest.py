import itertools
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from runtime.app import Deployment
from runtime.model.records import JobRecord, Status
from runtime.testing import drain, open_testing, running_worker
from shop.app import build_app
from shop.checkout import checkout
from shop.orders import Order, OrderDetail, OrderItem, OrderStatus, find_order_detail
from shop.products import find_product
from shop.requests import OrderRequest
from shop.services.blocking import Blocking
from shop.services.bundle import ShopServices
from shop.services.gateway import SimulatedGateway
from shop.services.ledger import Entry
from shop.services.mail import SimulatedMailer
from shop.services.simulation import Simulation

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
CALM = {"SHOP_LATENCY": "0", "SHOP_FAILURES": "0"}


@pytest.fixture
def noon() -> float:
    return NOON


@pytest.fixture
def order() -> Order:
    """Two keyboards and a hub for Ada, paid on 2026-01-01."""
    items = (
        OrderItem("prod-1", "Mechanical Keyboard", 2, 8999),
        OrderItem("prod-2", "USB-C Hub", 1, 3499),
    )
    return Order(
        number=1,
        id="ord-1",
        user_id="ada",
        email="ada@example.com",
        status=OrderStatus.PAID,
        total_cents=21497,
        created_at=NOON,
        paid_at=NOON,
        items=items,
    )


@pytest.fixture
def calm() -> Simulation:
    """Services that answer at once and never fail."""
    return Simulation(random.Random(1), latency=0, failures=0)


@pytest.fixture
def inline() -> Blocking:
    return Blocking(inline=True)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """Where the shop's database is: a test of a shop that runs does so on both."""
    if request.param == "sqlite":
        return tmp_path / "shop.db"
    url: str = request.getfixturevalue("postgres_url")
    monkeypatch.chdir(tmp_path)  # beside a server means: in the working directory
    return url


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.jsonl"


def request_for(*lines: tuple[str, int], token: str = "tok_ok", user_id: str = "ada") -> OrderRequest:
    items = [{"productId": product_id, "quantity": quantity} for product_id, quantity in lines]
    body = {"userId": user_id, "email": "ada@example.com", "items": items, "paymentToken": token}
    return OrderRequest.model_validate(body)


@dataclass(frozen=True)
class OpenShop:
    """The whole shop on a real database, in virtual time from noon of 2026-01-01."""

    deployment: Deployment

    async def order(self, *lines: tuple[str, int], token: str = "tok_ok", key: str | None = None) -> Order:
        return await checkout(self.deployment, request_for(*(lines or [("prod-1", 2)]), token=token), key)

    async def detail(self, order_id: str) -> OrderDetail:
        detail = await self.deployment.db.read(find_order_detail, order_id)
        assert detail is not None
        return detail

    async def status(self, order_id: str) -> OrderStatus:
        return (await self.detail(order_id)).order.status

    async def stock(self, product_id: str = "prod-1") -> int:
        product = await self.deployment.db.read(find_product, product_id)
        assert product is not None
        return product.stock

    async def jobs(self, job_type: str, status: Status | None = None) -> tuple[JobRecord, ...]:
        return (await self.deployment.queue.jobs(type=job_type, status=status)).items

    async def work(self, seconds: float = 0) -> None:
        """Let a worker run for so long, then until nothing is due."""
        async with running_worker(self.deployment):
            await trio.sleep(seconds)
        await drain(self.deployment)

    @property
    def services(self) -> ShopServices:
        return self.deployment.service(ShopServices)

    @property
    def sent(self) -> list[str]:
        """The identities of the mails that were sent."""
        assert isinstance(self.services.mailer, SimulatedMailer)
        return [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in self.services.mailer.sent]

    @property
    def ledger(self) -> list[Entry]:
        assert isinstance(self.services.gateway, SimulatedGateway)
        return self.services.gateway.ledger.entries()


def numbered_ids() -> Callable[[float], str]:
    numbers = itertools.count(1)
    return lambda _now: f"ord-{next(numbers)}"


@pytest.fixture
def environment() -> dict[str, str]:
    """The settings of the shop under test; override for others."""
    return CALM


@pytest.fixture
async def shop(
    place: Path | str, environment: dict[str, str], autojump_clock: MockClock
) -> AsyncIterator[OpenShop]:
    """The test must take `autojump_clock` too: only what a test itself takes becomes its clock."""
    assert trio.lowlevel.current_clock() is autojump_clock
    app = build_app(environment, numbered_ids())
    async with open_testing(app, place, seed=1, start=NOON) as deployment:
        yield OpenShop(deployment)
