import random

import trio
from trio.testing import MockClock

from shop.services.inventory import SimulatedInventory
from shop.services.simulation import Simulation


async def test_the_warehouse_takes_its_time_and_never_refuses(autojump_clock: MockClock) -> None:
    inventory = SimulatedInventory(Simulation(random.Random(1), latency=1, failures=100))

    await inventory.ship("ord-1/0", "prod-1", 2)

    assert trio.current_time() == 0.3
