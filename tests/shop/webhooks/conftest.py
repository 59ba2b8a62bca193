"""An application that has nothing but webhooks, in virtual time, with a sender that does as it is told."""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from runtime.app import App, Deployment
from runtime.model.records import JobRecord
from runtime.testing import drain, open_testing, running_worker
from shop import webhooks
from shop.webhooks.addresses import Policy
from shop.webhooks.deliveries import Attempt, Delivery, list_attempts, list_deliveries
from shop.webhooks.endpoints import Endpoint, find_endpoint, register
from shop.webhooks.guard import Guard
from shop.webhooks.publishing import publish
from shop.webhooks.transport import Answer

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@dataclass(frozen=True)
class Sent:
    at: float
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class ObedientSender:
    """Answers as `behave` says of a URL and of how often it was asked before."""

    now: Callable[[], float] = lambda: 0.0
    behave: Callable[[str, int], Answer | Exception] = lambda url, number: Answer(200)
    seconds: float = 0
    sent: list[Sent] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        number = len(self.to(url))
        self.sent.append(Sent(self.now(), url, headers, body))
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await trio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        result = self.behave(url, number)
        if isinstance(result, Exception):
            raise result
        return result

    def to(self, url: str) -> list[Sent]:
        return [each for each in self.sent if each.url == url]


async def nowhere(host: str, port: int) -> list:
    raise OSError("there are no names here")


@dataclass(frozen=True)
class OpenHooks:
    """The application, opened."""

    deployment: Deployment
    sender: ObedientSender

    async def register(self, url: str = "https://a.example/hook", *events: str) -> Endpoint:
        new = await self.deployment.service(webhooks.Webhooks).prepare(url, events or ["thing.done"])
        return await self.deployment.db.write(register, new)

    async def publish(self, subject: str = "1", event: str = "thing.done") -> int:
        return await self.deployment.db.write(publish, event, subject, lambda: {"id": subject})

    async def work(self, seconds: float = 0) -> None:
        async with running_worker(self.deployment):
            await trio.sleep(seconds)
        await drain(self.deployment)

    async def endpoint(self, endpoint: Endpoint) -> Endpoint:
        return await self.deployment.db.read(find_endpoint, endpoint.id)

    async def deliveries(self, endpoint: Endpoint) -> tuple[Delivery, ...]:
        """Oldest first."""
        page = await self.deployment.db.read(list_deliveries, endpoint.id, limit=200)
        return page.items[::-1]

    async def log(self, delivery: Delivery) -> list[Attempt]:
        return await self.deployment.db.read(list_attempts, delivery.id)

    async def jobs(self) -> list[JobRecord]:
        """Oldest first."""
        return list((await self.deployment.queue.jobs(type="deliver_webhook", limit=200)).items[::-1])

    def after(self) -> list[float]:
        """Seconds from the beginning until each request."""
        return [each.at - NOON for each in self.sender.sent]


def with_webhooks(service: webhooks.Webhooks) -> App:
    """An application that is not the shop."""

    @asynccontextmanager
    async def services(deployment: Deployment) -> AsyncIterator[list[webhooks.Webhooks]]:
        yield [service]

    app = App("hooks", services=services, schemas=[webhooks.SCHEMA])
    app.include(webhooks.handlers)
    return app


@asynccontextmanager
async def open_hooks(path: Path, sender: ObedientSender, seed: int = 1) -> AsyncIterator[OpenHooks]:
    ids = itertools.count(1)
    service = webhooks.Webhooks(guard=Guard(Policy(), nowhere), sender=sender, new_id=lambda: str(next(ids)))

    async with open_testing(with_webhooks(service), path, seed=seed, start=NOON) as deployment:
        sender.now = deployment.clock.now
        yield OpenHooks(deployment, sender)


@pytest.fixture
def sender() -> ObedientSender:
    return ObedientSender()


@pytest.fixture
async def hooks(
    tmp_path: Path, sender: ObedientSender, autojump_clock: MockClock
) -> AsyncIterator[OpenHooks]:
    """The test must take `autojump_clock` too: only what a test itself takes becomes its clock."""
    assert trio.lowlevel.current_clock() is autojump_clock
    async with open_hooks(tmp_path / "hooks.db", sender) as opened:
        yield opened
