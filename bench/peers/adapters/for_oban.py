"""oban for Python on PostgreSQL."""

import asyncio

from common import AsyncAdapter, main
from oban import Oban as ObanApp
from oban import worker
from oban.schema import install
from psycopg_pool import AsyncConnectionPool

finish = []


@worker(queue="default")
class Noop:
    """Found by name."""

    async def process(self, _job):
        finish[0].one()


class Oban(AsyncAdapter):
    """As many tasks at once as the others."""

    async def open(self):
        finish.append(self.finish)
        self.pool = AsyncConnectionPool(self.options["postgres"], min_size=4, max_size=16, open=False)
        await self.pool.open()
        working = self.options["role"] == "work"
        self.oban = ObanApp(pool=self.pool, queues={"default": self.workers} if working else None)

    async def prepare(self):
        await install(self.pool)

    async def fill(self, jobs):
        for start in range(0, jobs, 1000):
            await self.oban.enqueue_many([Noop.new() for _ in range(min(1000, jobs - start))])

    async def enqueue(self):
        await self.oban.enqueue(Noop.new())

    async def work(self):
        await self.oban.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(Oban)
