"""The shop's site with one bare route more, as a process: `python -m bench.server ORDERS`."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from types import MappingProxyType
from urllib.parse import quote

import trio
from quart import Blueprint, request

from bench.app import Sleep, sleep
from bench.rows import filler
from bench.setting import prefill
from runtime.app import App
from runtime.cli.lean import collect_from_now_on, put_off_collection
from runtime.events import Events
from runtime.model.rates import Rate
from runtime.transaction import JobTransaction
from runtime.worker.options import WorkerOptions
from runtime.worker.supervisor import supervise
from shop.app import build_app
from web.guard import public
from web.serve import WebOptions, serve_web
from web.storefront import blueprints

SETTINGS = MappingProxyType({"SHOP_LATENCY": "0", "SHOP_FAILURES": "0"})
"""The outside world answers at once; it is not what is measured."""
STOCK = 1_000_000_000
WAIT = 0.01
"""Seconds that a job waits which only keeps a runner busy."""
UNLIMITED: Mapping[str, Rate | None] = MappingProxyType(
    {"send_order_confirmation": None, "send_followup_email": None}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOrders:
    """How to serve."""

    db: str
    ledger: str
    """The path of the gateway's; where the database is a server, nothing else says where it may lie."""
    durable: bool
    runners: int = 0
    """Job runners in the same process; 0: no worker."""
    waiting_jobs: int = 0
    """Jobs to store that only wait; where there are any, the runners run these alone."""

    def text(self) -> str:
        """As JSON, for the command line."""
        return json.dumps(asdict(self))

    def worker(self) -> WorkerOptions | None:
        """The worker's options; None where there is none."""
        if not self.runners:
            return None
        if self.waiting_jobs:
            return WorkerOptions(workers=self.runners, only=frozenset({Sleep.policy.type}), grace=0)
        return WorkerOptions(workers=self.runners, rates=UNLIMITED, grace=0)


class QuietEvents(Events):
    """Says nothing of jobs."""

    def attempt_ended(self, *_: object) -> None:
        """One of many."""


def build_shop(ledger: str) -> App:
    """The shop, without delays and failures, with jobs that wait."""
    shop = build_app(environment={**SETTINGS, "SHOP_GATEWAY": f"simulated://{quote(ledger)}"})
    shop.handler(timeout=60)(sleep)
    return shop


bare = Blueprint("bench", __name__)


@bare.post("/bench")
@public
async def bare_route() -> dict[str, int]:
    """Read JSON, answer JSON: what a request costs before anybody does anything."""
    body = await request.get_json()
    return {"lines": len(body["items"])}


async def serve(given: ServerOrders) -> None:
    """Serve on a free port until a signal; says `ready PORT` on standard error."""
    shop = build_shop(given.ledger)
    async with shop.open(given.db, durable=given.durable) as deployment:
        await prefill(deployment, Sleep(seconds=WAIT), given.waiting_jobs)
    async with filler.open(given.db) as deployment:
        await deployment.db.write(_stock_up)
    async with shop.open(given.db, durable=given.durable, events=QuietEvents()) as deployment:
        port = await _free_port()
        part = partial(serve_web, options=WebOptions(port=port), blueprints=(*blueprints(), bare))

        def ready() -> None:
            os.write(2, f"ready {port}\n".encode())

        await supervise(deployment, part, worker=given.worker(), grace=0, ready=ready)


def _stock_up(tx: JobTransaction) -> None:
    tx.change("stock_up", stock=STOCK)


async def _free_port() -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    try:
        port: int = listeners[0].socket.getsockname()[1]
        return port
    finally:
        for listener in listeners:
            await listener.aclose()


if __name__ == "__main__":
    put_off_collection()  # as `creche web` does
    collect_from_now_on()
    trio.run(serve, ServerOrders(**json.loads(sys.argv[1])))
