import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shop.errors import InProgress
from shop.services.turns import PATIENCE, Turns


async def test_one_key_is_one_after_another_and_others_do_not_wait(autojump_clock: MockClock) -> None:
    turns = Turns()
    entered: dict[str, float] = {}

    async def visit(key: str, name: str) -> None:
        async with turns.take(key):
            entered[name] = trio.current_time()
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        for key, name in (("a", "first"), ("a", "second"), ("a", "third"), ("b", "other")):
            nursery.start_soon(visit, key, name)
    assert sorted(entered[name] for name in ("first", "second", "third")) == [0, 1, 2]
    assert entered["other"] == 0


async def test_who_waits_too_long_is_told_to_come_back(autojump_clock: MockClock) -> None:
    turns = Turns()

    async def hold() -> None:
        async with turns.take("a"):
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold)
        await wait_all_tasks_blocked()
        with pytest.raises(InProgress):
            async with turns.take("a"):
                pass
        nursery.cancel_scope.cancel()

    assert trio.current_time() == PATIENCE


async def test_a_turn_given_up_or_failed_passes_on() -> None:
    turns = Turns()
    with pytest.raises(RuntimeError):
        async with turns.take("a"):
            raise RuntimeError

    async with turns.take("a"):
        reached = True

    assert reached
