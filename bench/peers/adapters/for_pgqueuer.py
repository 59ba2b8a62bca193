"""PgQueuer on PostgreSQL through asyncpg, a hundred jobs a batch."""

import asyncpg
from common import AsyncAdapter, main
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.queries import Queries

BATCH = 100


class Pgqueuer(AsyncAdapter):
    """Its own flow: the batch it takes is what runs at once."""

    async def open(self):
        if self.options["role"] == "produce":
            pool = await asyncpg.create_pool(self.options["postgres"], min_size=4, max_size=4)
            self.driver = AsyncpgPoolDriver(pool)
        else:
            self.driver = AsyncpgDriver(await asyncpg.connect(self.options["postgres"]))
        self.queries = Queries(self.driver)

    async def prepare(self):
        await self.queries.install()

    async def fill(self, jobs):
        for start in range(0, jobs, 1000):
            count = min(1000, jobs - start)
            await self.queries.enqueue(["noop"] * count, [None] * count, [0] * count)

    async def enqueue(self):
        await self.queries.enqueue("noop", None)

    async def work(self):
        queue = PgQueuer(self.driver)

        @queue.entrypoint("noop")
        async def noop(_job):  # noqa: ASYNC124
            self.finish.one()

        await queue.run(batch_size=BATCH)


main(Pgqueuer)
