import threading

import trio

from shop.services.blocking import Blocking


async def test_inline_calls_run_on_the_trio_thread() -> None:
    assert await Blocking(inline=True).run(threading.get_ident) == threading.get_ident()


async def test_other_calls_run_elsewhere() -> None:
    assert await Blocking().run(threading.get_ident) != threading.get_ident()


async def test_a_cancelled_caller_does_not_wait_for_the_call() -> None:
    released = threading.Event()

    with trio.move_on_after(0.01) as scope:
        await Blocking().run(released.wait, 30)
    released.set()

    assert scope.cancelled_caught
