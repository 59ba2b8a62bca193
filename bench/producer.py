"""A process that enqueues, one job at a time in each of a few tasks: `python -m bench.producer ORDERS`."""

import json
import sys
import time
from dataclasses import asdict, dataclass

import trio

from bench.app import app
from bench.enqueue import together
from runtime.clock import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerOrders:
    """What a producer is to do."""

    db: str
    jobs: int
    tasks: int
    durable: bool

    def text(self) -> str:
        """As JSON, for the command line."""
        return json.dumps(asdict(self))


async def produce(orders: ProducerOrders) -> dict[str, float]:
    """Enqueue; when that began and ended on CLOCK_MONOTONIC, and processor seconds."""
    clock = SystemClock()
    async with app.open(orders.db, durable=orders.durable) as deployment:
        began = clock.monotonic()
        await together(deployment, orders.jobs, orders.tasks)
        return {"began": began, "ended": clock.monotonic(), "processor": time.process_time()}


if __name__ == "__main__":
    print(json.dumps(trio.run(produce, ProducerOrders(**json.loads(sys.argv[1])))))
