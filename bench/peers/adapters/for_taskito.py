"""taskito: a queue in Rust on SQLite."""

from common import Adapter, main
from taskito import Queue


class Taskito(Adapter):
    """Its thread pool, told to look as often and take as many as it may."""

    def __init__(self, options):
        super().__init__(options)
        self.queue = Queue(
            db_path=f"{options['folder']}/taskito.db",
            workers=self.workers,
            scheduler_poll_interval_ms=1,
            scheduler_batch_size=64,
        )
        self.noop = self.queue.task(name="noop")(self.finish.one)

    def fill(self, jobs):
        for start in range(0, jobs, 1000):
            self.queue.enqueue_many("noop", [()] * min(1000, jobs - start))

    def enqueue(self):
        self.noop.delay()

    def work(self):
        self.queue.run_worker()


main(Taskito)
