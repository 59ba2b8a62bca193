"""Celery on Redis, results ignored."""

from celery import Celery as CeleryApp
from common import Adapter, main


class Celery(Adapter):
    """The pool of threads: counting needs one process."""

    def __init__(self, options):
        super().__init__(options)
        self.app = CeleryApp("bench", broker=options["redis"])
        self.app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64)

        def noop():
            self.finish.one()

        self.noop = self.app.task(name="noop")(noop)

    def enqueue(self):
        self.noop.delay()

    def work(self):
        self.app.worker_main(
            [
                "worker",
                "--pool=threads",
                f"-c{self.workers}",
                "--without-gossip",
                "--without-mingle",
                "-lERROR",
            ]
        )


main(Celery)
