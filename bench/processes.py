"""Measured processes: started, watched until they are ready, and ended whatever happens."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import trio

from bench.setting import Setting, prefill
from bench.worker import Orders, Window
from runtime.job import Job

START_SECONDS = 60.0
"""What a process may take to say that it is ready, on a machine busy with other things."""
STOP_SECONDS = 10.0
LONGEST = 300.0
"""No process here works longer; one that does is stuck."""
READY = b"ready"


def command(module: str, options: str) -> list[str]:
    """Run a module of the bench with its options."""
    return [sys.executable, "-m", f"bench.{module}", options]


async def answer(arguments: Sequence[str]) -> dict[str, float]:
    """Run a process to its end; the JSON object on its standard output.

    Raises:
        RuntimeError: it failed; what it said is in the message.
        trio.TooSlowError: it took longer than anything here may.
    """
    with trio.fail_after(LONGEST):
        done = await trio.run_process(list(arguments), capture_stdout=True, capture_stderr=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{_name(arguments)} failed: {done.stderr.decode()[-1000:]}")
    return _last_object(done.stdout)


async def worker(orders: Orders) -> Window:
    """Run one worker process to its end."""
    return _window(await answer(command("worker", orders.text())))


class Running:
    """A process that goes on; all that it says is read as it comes, so that it never waits to be read."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.output = bytearray()
        self.errors = bytearray()
        self._spoken = trio.Event()
        self._ended = trio.Event()

    async def until(self, wanted: bytes) -> None:
        """Wait until standard error holds these bytes.

        Raises:
            RuntimeError: the process ended before, or did not say so within a minute.
        """
        with trio.move_on_after(START_SECONDS):
            while wanted not in self.errors and self.process.returncode is None:
                await self._spoken.wait()
        if wanted not in self.errors:
            raise RuntimeError(f"{_name(self.process.args)} did not start: {self.errors.decode()[-1000:]}")

    async def answer(self) -> dict[str, float]:
        """Wait until a process that stops by itself has ended; the JSON object on its standard output.

        Raises:
            RuntimeError: it said none.
        """
        await self._ended.wait()
        return _last_object(self.output or self.errors)

    async def last_words(self) -> Window:
        """The answer of a worker."""
        return _window(await self.answer())

    async def read(self) -> None:
        """Read what it says until its end."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, self.process.stdout, self.output)
            nursery.start_soon(self._read, self.process.stderr, self.errors)
            await self.process.wait()
        self._ended.set()
        self._speak()

    async def _read(self, stream: trio.abc.ReceiveStream, heard: bytearray) -> None:
        async for chunk in stream:
            heard += chunk
            self._speak()

    def _speak(self) -> None:
        self._spoken.set()
        self._spoken = trio.Event()


@asynccontextmanager
async def running(
    arguments: Sequence[str],
    *,
    wanted: bytes = READY,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> AsyncIterator[Running]:
    """A process that has said `wanted` on standard error; it is stopped in the end.

    Raises:
        RuntimeError: it ended instead.
    """
    process = await trio.lowlevel.open_process(
        list(arguments),
        env={**os.environ, **(environment or {})},
        pass_fds=tuple(pass_fds),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child = Running(process)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child.read)
            await child.until(wanted)
            yield child
            process.send_signal(signal.SIGTERM)
            with trio.move_on_after(STOP_SECONDS):
                await process.wait()
            nursery.cancel_scope.cancel()
    finally:
        process.kill()


async def drain(
    setting: Setting, job: Job, *, processes: int | None = None, url: str | None = None
) -> list[Window]:
    """Fill a queue, then run worker processes until nothing is due; what each of them said.

    Args:
        url: of the database, where it is not a new one.

    Raises:
        RuntimeError: not every job was completed, so there is nothing to report.
    """
    url = url or setting.place()
    async with setting.open(url) as deployment:
        await prefill(deployment, job, setting.jobs)
        before = (await deployment.queue.stats()).completed
    orders = Orders(db=url, workers=setting.workers, durable=setting.durable)
    windows: list[Window] = []

    async def one() -> None:
        windows.append(await worker(orders))

    async with trio.open_nursery() as nursery:
        for _ in range(processes or setting.processes):
            nursery.start_soon(one)
    async with setting.open(url) as deployment:
        completed = (await deployment.queue.stats()).completed - before
    if completed != setting.jobs:
        raise RuntimeError(f"{completed} of {setting.jobs} jobs were completed")
    return windows


def rate(windows: Sequence[Window], jobs: int) -> float:
    """Jobs a second from the first process ready to the last one done."""
    return jobs / (max(window.ended for window in windows) - min(window.began for window in windows))


def _last_object(said: bytes | bytearray) -> dict[str, float]:
    """The last line that is a JSON object; others may be a library's."""
    for line in reversed(bytes(said).splitlines()):
        if line.startswith(b"{"):
            found: dict[str, float] = json.loads(line)
            return found
    raise RuntimeError(f"no answer: {said.decode()[-1000:]}")


def _name(arguments: object) -> str:
    words = list(arguments) if isinstance(arguments, list | tuple) else [arguments]
    return " ".join(map(str, words))[:100]


def _window(said: Mapping[str, object]) -> Window:
    return Window(**said)  # type: ignore[arg-type]
