"""Processes: `--processes P` workers under one parent, which passes signals on and restarts what dies.

The parent runs no jobs and holds no database. How children end with their
parent stands in `runtime/worker/lifeline.py`.
"""

import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

import structlog
import trio

from runtime.clock import Clock
from runtime.worker.lifeline import open_lifeline
from runtime.worker.signals import SIGNALS

BAD_USAGE = 2
"""The exit code of a child whose options or database cannot work: to start it again would not help."""
MARGIN = 5.0
"""Seconds beyond the grace that children have before they are killed."""


class Child(Protocol):
    """A running process, as `trio.Process` shows it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    async def wait(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        ...

    def send_signal(self, sig: signal.Signals | int, /) -> None:
        """Send it a signal; nothing happens when it has ended."""
        ...


Launch = Callable[[int], Awaitable[Child]]
"""Starts the child of a slot (0 to P - 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """When a child that died is started again; seconds."""

    first: float = 0.5
    """Wait before the first restart; doubles with each quick death."""
    longest: float = 30.0
    quick: float = 10.0
    """A child that lived shorter died quickly; a longer life clears the count."""
    most: int = 5
    """So many quick deaths of one slot in a row: the parent gives up."""

    def delay(self, deaths: int, chance: random.Random) -> float:
        """The wait after so many quick deaths in a row, a quarter more or less."""
        return min(self.longest, self.first * 2.0 ** max(0, deaths - 1)) * chance.uniform(0.75, 1.25)


class ProcessEvents:
    """What happens to worker processes, in words."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("creche")

    def started(self, slot: int, pid: int) -> None:
        """A child runs."""
        self._log.info("worker process started", process=slot, pid=pid)

    def died(self, slot: int, pid: int, code: int, delay: float) -> None:
        """A child ended that should not have; it is started again after `delay` seconds."""
        self._log.error("worker process died", process=slot, pid=pid, code=code, restart_in=round(delay, 2))

    def gave_up(self, slot: int, pid: int, code: int) -> None:
        """A child keeps dying; the others are stopped."""
        self._log.error("worker process keeps dying; giving up", process=slot, pid=pid, code=code)

    def stopping(self, processes: int) -> None:
        """The children are asked to stop."""
        self._log.info("stopping worker processes", processes=processes)

    def killed(self, pids: Sequence[int]) -> None:
        """Children did not stop in time."""
        self._log.error("worker processes did not stop in time; killed", pids=list(pids))


class Fleet:
    """The children of one parent.

    Args:
        launch: starts the child of a slot.
        clock: tells how long a child lived.
        chance: spreads restarts.
        events: told what happens.
        restarts: when to start again, when to give up.
        grace: seconds that children take at most to stop in order.
        drain: a child that ends with code 0 has no more to do and is not started again.
    """

    def __init__(
        self,
        launch: Launch,
        *,
        clock: Clock,
        chance: random.Random,
        events: ProcessEvents,
        restarts: Restarts,
        grace: float,
        drain: bool,
    ) -> None:
        self._launch = launch
        self._clock = clock
        self._chance = chance
        self._events = events
        self._restarts = restarts
        self._grace = grace
        self._drain = drain
        self._children: dict[int, Child] = {}
        self._stopping = trio.Event()
        self._asked: list[signal.Signals] = []
        self._code = 0

    async def run(self, count: int) -> int:
        """Run `count` children until all have stopped; return the parent's exit code.

        Cancelled, it kills them.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._kill_late)
                async with trio.open_nursery() as slots:
                    for slot in range(count):
                        slots.start_soon(self._keep, slot)
                nursery.cancel_scope.cancel()
        finally:
            self._signal(signal.SIGKILL)
        return self._code

    def stop(self) -> None:
        """Ask the children to stop: in order the first time, at once from the second on.

        The second request is another signal: of two equal ones not yet taken the kernel keeps one.
        """
        if not self._stopping.is_set():
            self._events.stopping(len(self._children))
        self._stopping.set()
        self._asked.append(signal.SIGINT if self._asked else signal.SIGTERM)
        self._signal(self._asked[-1])

    async def _keep(self, slot: int) -> None:
        """Keep one slot filled."""
        deaths = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            pid, code = await self._run_child(slot)
            if self._stopping.is_set():
                self._code = self._code or int(code != 0)
                return
            if code == 0 and self._drain:
                return
            deaths = deaths + 1 if self._clock.monotonic() - began < self._restarts.quick else 0
            if code == BAD_USAGE or deaths >= self._restarts.most:
                self._events.gave_up(slot, pid, code)
                self._code = BAD_USAGE if code == BAD_USAGE else 1
                self.stop()
                return
            delay = self._restarts.delay(deaths, self._chance)
            self._events.died(slot, pid, code, delay)
            with trio.move_on_after(delay):
                await self._stopping.wait()

    async def _run_child(self, slot: int) -> tuple[int, int]:
        """Start a child and wait for its end: its number and its exit code."""
        try:
            child = await self._launch(slot)
        except OSError as error:  # no process or no memory to be had for now: like a child that died at once
            return 0, error.errno or 1
        self._children[slot] = child
        self._events.started(slot, child.pid)
        for number in self._asked:  # what came while it was being started
            child.send_signal(number)
        code = await child.wait()
        del self._children[slot]
        return child.pid, code

    async def _kill_late(self) -> None:
        await self._stopping.wait()
        await trio.sleep(self._grace + MARGIN)
        self._events.killed([child.pid for child in self._children.values()])
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for child in tuple(self._children.values()):
            child.send_signal(number)


async def run_processes(
    command: Sequence[str],
    count: int,
    *,
    clock: Clock,
    chance: random.Random,
    grace: float,
    drain: bool,
    restarts: Restarts | None = None,
) -> int:
    """Run `command` in `count` processes until a signal or, with `drain`, until each has ended by itself.

    The first signal asks the children to stop in order, a second one at once. The children
    are no part of the terminal's foreground group, so Ctrl-C reaches them only from here.

    Returns:
        The exit code: 0 after an orderly stop, 2 when the options cannot work, 1 when a child kept dying
        or did not stop in order.
    """
    with open_lifeline() as lifeline:

        async def launch(slot: int) -> Child:
            return await trio.lowlevel.open_process(
                list(command),
                env=lifeline.environment(slot),
                pass_fds=[lifeline.descriptor],
                process_group=0,
            )

        fleet = Fleet(
            launch,
            clock=clock,
            chance=chance,
            events=ProcessEvents(),
            restarts=restarts or Restarts(),
            grace=grace,
            drain=drain,
        )
        with _signals_stop(fleet):
            return await fleet.run(count)


@contextmanager
def _signals_stop(fleet: Fleet) -> Iterator[None]:
    """Each SIGTERM or SIGINT asks the fleet to stop; main thread only.

    Not trio's receiver, for the reasons given in `runtime/worker/signals.py`.
    """
    token = trio.lowlevel.current_trio_token()
    received = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received = True
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(fleet.stop)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # Once stopping, stay deaf: a late signal must not turn an orderly exit into a death by signal.
            signal.signal(number, signal.SIG_IGN if received else handler)
