"""Dramatiq on Redis."""

import threading

import dramatiq
from common import Adapter, main
from dramatiq.brokers.redis import RedisBroker


class Dramatiq(Adapter):
    """Its usual eight threads."""

    def __init__(self, options):
        super().__init__(options)
        self.broker = RedisBroker(url=options["redis"])
        dramatiq.set_broker(self.broker)
        self.noop = dramatiq.actor(self.finish.one, actor_name="noop", broker=self.broker)

    def enqueue(self):
        self.noop.send()

    def work(self):
        dramatiq.Worker(self.broker, worker_threads=self.workers, worker_timeout=10).start()
        threading.Event().wait()


main(Dramatiq)
