"""SAQ on Redis, or on PostgreSQL."""

from common import AsyncAdapter, main
from saq import Queue, Worker


class Saq(AsyncAdapter):
    """As many tasks at once as the others."""

    async def open(self):
        url = self.options.get("redis") or self.options["postgres"]
        self.queue = Queue.from_url(url, name="bench")
        await self.queue.connect()

    async def enqueue(self):
        await self.queue.enqueue("noop", ttl=1)

    async def work(self):
        async def noop(_context):  # noqa: ASYNC124
            self.finish.one()

        await Worker(self.queue, functions=[("noop", noop)], concurrency=self.workers).start()


main(Saq)
