"""The shop over HTTP: orders beside a bare route of the same server, and beside jobs in the same process."""

import json
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from bench.load import LoadOrders
from bench.measurement import Measurement, alternate, ratio
from bench.processes import answer, command, running
from bench.server import WAIT, ServerOrders
from bench.setting import Setting

CONNECTIONS = 32
ORDER = json.dumps(
    {
        "userId": "user-1",
        "email": "customer@shop.test",
        "items": [{"productId": "prod-1", "quantity": 1}, {"productId": "prod-2", "quantity": 2}],
        "paymentToken": "tok_ok",
    }
)
MARGIN = 15.0
"""Seconds of waiting jobs beyond those that the load should take."""
SAYS = (
    f"POST /orders over {CONNECTIONS} connections that stay open, from another process on loopback; answered "
    "when the order is paid and its first job is on the disk"
)


async def measure(setting: Setting) -> list[Measurement]:
    """Orders and a bare route in turns; then orders at half that rate beside busy runners."""
    async with _server(_orders(setting)) as port:
        runs = await alternate(
            setting.rounds,
            {"orders": _side(setting, port, "/orders", 201), "bare": _side(setting, port, "/bench", 200)},
        )
    found = statistics.median(runs["orders"])
    more = {
        "ratioToBare": ratio(runs["orders"], runs["bare"]),
        "bare": statistics.median(runs["bare"]),
        "runs": runs["orders"],
        "runsBare": runs["bare"],
    }
    throughput = Measurement(
        metric="http", value=found, unit="orders/s", says=SAYS, more={**more, "workers": 0}
    )
    measurements = [throughput, await _beside_waiting_jobs(setting, found / 2)]
    if setting.own_jobs:
        measurements.append(await _beside_own_jobs(setting, found / 2))
    return measurements


async def _beside_waiting_jobs(setting: Setting, rate: float) -> Measurement:
    seconds = setting.jobs / rate + MARGIN
    jobs = int(setting.workers / WAIT * seconds)
    says = f"runners in the server's process always have a job that waits {WAIT * 1000:g} ms"
    return await _p99(setting, "http_p99", rate, jobs, says)


async def _beside_own_jobs(setting: Setting, rate: float) -> Measurement:
    says = "runners in the server's process run the orders' own jobs, PDFs too, no rate limits"
    return await _p99(setting, "http_p99_own_jobs", rate, 0, says)


async def _p99(setting: Setting, metric: str, rate: float, waiting_jobs: int, says: str) -> Measurement:
    orders = replace(_orders(setting), runners=setting.workers, waiting_jobs=waiting_jobs)
    async with _server(orders) as port:
        load = await answer(command("load", _load(setting, port, "/orders", 201, rate).text()))
    return Measurement(
        metric=metric,
        value=load["p99"],
        unit="ms",
        says=f"99 of 100 orders take no longer, at {rate:.0f} a second, while {setting.workers} {says}",
        more={"rate": rate, "reached": load["requestsPerSecond"], "p50": load["p50"], "max": load["max"]},
    )


def _orders(setting: Setting) -> ServerOrders:
    ledger = str(setting.folder / "gateway.jsonl")
    return ServerOrders(db=setting.place(), ledger=ledger, durable=setting.durable)


def _side(setting: Setting, port: int, path: str, wanted: int) -> Callable[[], Awaitable[float]]:
    async def sample() -> float:
        found = await answer(command("load", _load(setting, port, path, wanted, 0).text()))
        return found["requestsPerSecond"]

    return sample


def _load(setting: Setting, port: int, path: str, wanted: int, rate: float) -> LoadOrders:
    return LoadOrders(
        port=port,
        path=path,
        body=ORDER,
        wanted=wanted,
        requests=setting.jobs,
        connections=CONNECTIONS,
        rate=rate,
    )


@asynccontextmanager
async def _server(orders: ServerOrders) -> AsyncIterator[int]:
    """The server as a process; its port."""
    async with running(command("server", orders.text())) as server:
        yield int(server.errors.rpartition(b"ready ")[2].split()[0])
