"""Chancy on PostgreSQL, its asyncio executor."""

import asyncio

from chancy import Chancy as ChancyApp
from chancy import Queue, Worker, job
from common import AsyncAdapter, main

finish = []


@job()
async def noop():  # noqa: ASYNC124
    """Found by name, in this module when it is the main one."""
    finish[0].one()


class Chancy(AsyncAdapter):
    """As many tasks at once as the others; it polls, told to do so often."""

    async def open(self):
        finish.append(self.finish)
        self.chancy = ChancyApp(self.options["postgres"])
        await self.chancy.__aenter__()

    async def prepare(self):
        await self.chancy.migrate()
        queue = Queue(
            "default",
            concurrency=self.workers,
            executor="chancy.executors.asyncex.AsyncExecutor",
            polling_interval=1,
            eager_polling=True,
        )
        await self.chancy.declare(queue, upsert=True)

    async def fill(self, jobs):
        async for _ in self.chancy.push_many([noop.job] * jobs):
            pass

    async def enqueue(self):
        await self.chancy.push(noop)

    async def work(self):
        async with Worker(self.chancy):
            await asyncio.Event().wait()


if __name__ == "__main__":
    main(Chancy)
