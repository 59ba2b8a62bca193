"""arq on Redis, results not kept."""

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker, func
from common import AsyncAdapter, main


class Arq(AsyncAdapter):
    """It only polls; told to do so every millisecond."""

    async def open(self):
        self.settings = RedisSettings.from_dsn(self.options["redis"])
        self.pool = await create_pool(self.settings)

    async def enqueue(self):
        await self.pool.enqueue_job("noop")

    async def work(self):
        async def noop(_context):  # noqa: ASYNC124
            self.finish.one()

        worker = Worker(
            functions=[func(noop, name="noop", keep_result=0)],
            redis_settings=self.settings,
            max_jobs=self.workers,
            poll_delay=0.001,
            handle_signals=False,
        )
        await worker.main()


main(Arq)
