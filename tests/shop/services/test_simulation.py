import random

import pytest
import trio
from trio.testing import MockClock

from shop.errors import ServiceError
from shop.services.simulation import Simulation


async def test_work_takes_its_time_times_the_latency(autojump_clock: MockClock) -> None:
    await Simulation(random.Random(1), latency=3, failures=0).work("it", seconds=2, failing=1)

    assert trio.current_time() == 6


async def test_work_fails_as_often_as_the_chance_says() -> None:
    simulation = Simulation(random.Random(7), latency=0)
    failed = 0

    for _ in range(1000):
        try:
            await simulation.work("it", seconds=1, failing=0.1)
        except ServiceError:
            failed += 1

    assert 70 <= failed <= 130


async def test_failures_can_be_made_certain() -> None:
    with pytest.raises(ServiceError, match="it failed"):
        await Simulation(random.Random(1), latency=0, failures=100).work("it", seconds=1, failing=0.1)
