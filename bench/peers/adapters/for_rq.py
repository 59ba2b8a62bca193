"""RQ on Redis, with the worker that does not fork for each job."""

import builtins

from common import Adapter, main
from redis import Redis
from rq import Queue, SimpleWorker


def noop():
    """Found by name; the adapter, in this very process, by way of the interpreter's own names."""
    builtins.bench_finish.one()


class Rq(Adapter):
    """One job at a time: it knows no other way in one process."""

    def __init__(self, options):
        super().__init__(options)
        self.connection = Redis.from_url(options["redis"])
        self.queue = Queue("bench", connection=self.connection)
        builtins.bench_finish = self.finish

    def enqueue(self):
        self.queue.enqueue("for_rq.noop", result_ttl=0)

    def work(self):
        SimpleWorker([self.queue], connection=self.connection).work(logging_level="ERROR")


if __name__ == "__main__":
    main(Rq)
