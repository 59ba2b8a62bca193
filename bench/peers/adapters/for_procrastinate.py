"""Procrastinate on PostgreSQL through psycopg."""

from common import AsyncAdapter, main
from procrastinate import App, PsycopgConnector


class Procrastinate(AsyncAdapter):
    """As many tasks at once as the others."""

    async def open(self):
        connector = PsycopgConnector(conninfo=self.options["postgres"], min_size=4, max_size=16)
        self.app = App(connector=connector)

        @self.app.task(name="noop")
        async def noop():  # noqa: ASYNC124
            self.finish.one()

        self.noop = noop
        await self.app.open_async()

    async def prepare(self):
        await self.app.schema_manager.apply_schema_async()

    async def fill(self, jobs):
        for start in range(0, jobs, 1000):
            await self.noop.batch_defer_async(*[{} for _ in range(min(1000, jobs - start))])

    async def enqueue(self):
        await self.noop.defer_async()

    async def work(self):
        await self.app.run_worker_async(concurrency=self.workers, install_signal_handlers=False)


main(Procrastinate)
