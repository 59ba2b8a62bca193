"""Taskiq on Redis: a list, or a stream with acknowledgements."""

from common import AsyncAdapter, main
from taskiq.api import run_receiver_task
from taskiq_redis import ListQueueBroker, RedisStreamBroker

BROKERS = {"taskiq": ListQueueBroker, "taskiq-stream": RedisStreamBroker}


class Taskiq(AsyncAdapter):
    """Its receiver, as many tasks at once as the others."""

    async def open(self):
        self.broker = BROKERS[self.options["peer"]](self.options["redis"])

        async def noop() -> None:  # noqa: ASYNC124
            self.finish.one()

        self.noop = self.broker.register_task(noop, task_name="noop")
        self.broker.is_worker_process = self.options["role"] == "work"
        await self.broker.startup()

    async def enqueue(self):
        await self.noop.kiq()

    async def work(self):
        await run_receiver_task(self.broker, max_async_tasks=self.workers, max_prefetch=self.workers)


main(Taskiq)
