"""What the adapters share. They run in their peers' own environments: standard library only here.

`python for_PEER.py ROLE JSON`, with the roles
    prepare   make what the peer's store needs, once
    fill      store `jobs` jobs, as many at once as the peer can
    produce   store `jobs` jobs in `producers` tasks or threads, one at a time in each; says when
    work      run jobs until `jobs` have been called; says when the first and the last were
"""

import asyncio
import importlib
import itertools
import json
import os
import sys
import threading
import time


class Finish:
    """Called by the handler: notes the first call and the last, then ends the process."""

    def __init__(self, jobs):
        self.jobs = jobs
        self.began = 0.0
        self._numbers = itertools.count(1)

    def one(self):
        """A job was run."""
        number = next(self._numbers)
        if number == 1:
            self.began = time.monotonic()
        if number == self.jobs:
            say(began=self.began, ended=time.monotonic())
            os._exit(0)


class Adapter:
    """A peer whose calls block."""

    workers = 8
    """Jobs at once in one process; where they are threads, more make it slower."""

    def __init__(self, options):
        self.options = options
        self.finish = Finish(options["jobs"])

    def prepare(self):
        """Make what the store needs."""

    def fill(self, jobs):
        """Store many jobs."""
        for _ in range(jobs):
            self.enqueue()

    def enqueue(self):
        """Store one job."""
        raise NotImplementedError

    def work(self):
        """Run jobs; the handler calls `self.finish.one`."""
        raise NotImplementedError

    def run(self, role):
        """Play a role."""
        if role == "work":
            ready()
            self.work()
        elif role == "produce":
            began = time.monotonic()
            producers = self.options["producers"]
            threads = [
                threading.Thread(
                    target=Adapter.fill, args=(self, len(range(n, self.options["jobs"], producers)))
                )
                for n in range(producers)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            say(began=began, ended=time.monotonic())
        elif role == "fill":
            self.fill(self.options["jobs"])
            say(began=0.0, ended=0.0)
        else:
            self.prepare()
            say(began=0.0, ended=0.0)


class AsyncAdapter(Adapter):
    """A peer on asyncio; all methods but this class's `run` are coroutines."""

    workers = 64

    async def open(self):
        """Connect."""

    async def prepare(self):
        """Make what the store needs."""

    async def fill(self, jobs):
        """Store many jobs."""
        for _ in range(jobs):
            await self.enqueue()

    async def _produce(self, jobs):
        for _ in range(jobs):
            await self.enqueue()

    def run(self, role):
        """Play a role."""
        loop_of_choice().run(self._run(role))

    async def _run(self, role):
        await self.open()
        began = time.monotonic()
        jobs, producers = self.options["jobs"], self.options["producers"]
        if role == "work":
            ready()
            await self.work()
        elif role == "produce":
            await asyncio.gather(*(self._produce(len(range(n, jobs, producers))) for n in range(producers)))
        elif role == "fill":
            await self.fill(jobs)
        else:
            await self.prepare()
        say(began=began, ended=time.monotonic())
        os._exit(0)


def loop_of_choice():
    """uvloop, where the peer's environment has it, as those do who want speed."""
    try:
        return importlib.import_module("uvloop")
    except ImportError:
        return asyncio


def ready():
    """The worker is about to start."""
    os.write(2, b"ready\n")


def say(**values):
    """The answer."""
    os.write(1, f"{json.dumps(values)}\n".encode())  # not print: some redirect standard output to their log


def main(adapter):
    """Run the adapter as the command line says."""
    role, options = sys.argv[1], json.loads(sys.argv[2])
    adapter(options).run(role)
