"""The budget of an order flows to its job, to what that enqueues, and to the request that this makes."""

from ipaddress import ip_network
from pathlib import Path

import pytest
import trio

from runtime.app import App
from runtime.context import Context
from runtime.flow import chain
from runtime.job import Job
from runtime.model.records import Status
from runtime.testing import running_worker
from shop.webhooks.addresses import Policy
from shop.webhooks.guard import Guard, SystemResolver
from shop.webhooks.transport import HttpSender
from tests.shop.webhooks.receiver import receiving


class Order(Job, type="order"):
    """Enqueues a call."""


class Call(Job, type="call"):
    """Posts to a URL."""

    url: str


@pytest.mark.slow
async def test_a_request_is_given_up_when_the_budget_of_the_order_is_spent(tmp_path: Path) -> None:
    """It has fifteen seconds of its own; what is left of the order's is less."""
    app, sender = App("budgets"), HttpSender(Guard(Policy([ip_network("127.0.0.1/32")]), SystemResolver()))
    began = trio.current_time()

    @app.handler()
    async def order(_job: Order, ctx: Context) -> None:  # noqa: ASYNC124
        ctx.enqueue(Call(url=server.url))

    @app.handler()
    async def call(job: Call) -> None:
        await sender.send(job.url, {}, b"{}")

    async def silence(stream: trio.abc.Stream) -> None:
        await stream.receive_some(1)

    async with app.open(f"sqlite:///{tmp_path}/budgets.db") as deployment, receiving(silence) as server:
        await deployment.queue.enqueue(chain(Order()), done_within=0.5)
        async with running_worker(deployment):
            with trio.fail_after(10):
                while not (failed := (await deployment.queue.jobs(status=Status.FAILED)).items):  # noqa: ASYNC110
                    await trio.sleep(0.01)

    assert [job.type for job in failed] == ["call"]
    assert len(server.requests) == 1
    assert trio.current_time() - began < 3
