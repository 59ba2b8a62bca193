"""SAQ on Redis."""

from common import AsyncAdapter, main
from saq import Queue, Worker


class Saq(AsyncAdapter):
    """As many tasks at once as the others."""

    async def open(self):
        self.queue = Queue.from_url(self.options["redis"], name="bench")
        await self.queue.connect()

    async def enqueue(self):
        await self.queue.enqueue("noop", ttl=1)

    async def work(self):
        async def noop(_context):  # noqa: ASYNC124
            self.finish.one()

        await Worker(self.queue, functions=[("noop", noop)], concurrency=self.workers).start()


main(Saq)
