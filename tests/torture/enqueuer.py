"""`python -m tests.torture.enqueuer URL full|normal`: enqueues without pause, and says each id once stored.

What was said before the power went must be there afterwards.
"""

import sys

import trio

from tests.torture.application import Work, app

AT_ONCE = 8


async def main(url: str, durability: str) -> None:
    """Enqueue for ever, some at once, as a busy site does."""
    async with app.open(url, durable=durability == "full") as deployment, trio.open_nursery() as nursery:

        async def enqueue() -> None:
            while True:
                record = await deployment.queue.enqueue(Work())
                print(record.id, flush=True)

        for _ in range(AT_ONCE):
            nursery.start_soon(enqueue)


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:3])
