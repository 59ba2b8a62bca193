"""Huey on SQLite, each write synced."""

from common import Adapter, main
from huey import SqliteHuey


class Huey(Adapter):
    """One thread works: more only wait for the database's lock."""

    def __init__(self, options):
        super().__init__(options)
        self.huey = SqliteHuey("bench", filename=f"{options['folder']}/huey.db", fsync=True, results=False)
        self.noop = self.huey.task(name="noop")(self.finish.one)

    def enqueue(self):
        self.noop()

    def work(self):
        self.huey.create_consumer(workers=1, periodic=False, initial_delay=0.001, max_delay=0.01).run()


main(Huey)
