"""Wake-up across the processes of one machine: a datagram says «look, something changed».

Each process that opened the database binds a Unix datagram socket in the
directory beside the file and rings all others after a commit that announced
something. It is a hint: whoever misses one finds the change at its next poll.
Measured beside the alternatives: 90 µs at the median, against 2.5 ms for
polling `PRAGMA data_version` each 5 ms.
"""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import trio

from runtime.clock import Clock
from runtime.db.base import Listener

_SUFFIX = ".bell"
_LONGEST_ADDRESS = 100
"""A Unix socket address holds 107 bytes; longer ones are reached through /proc/self/fd."""
_SETTLED = 1.0
"""Seconds after which a directory's time of change tells of the next one: it may be coarse."""


class Doorbell:
    """This process's bell, and the way to ring the others'.

    `ring` may be called on any thread; `run` on the trio thread.
    """

    def __init__(self, directory: Path, name: str, clock: Clock) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory
        self._own = name + _SUFFIX
        self._clock = clock
        self._others: list[str] = []
        self._listed_at: int | None = None  # the directory's time of change then; None: list it again
        self._folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._bell = self._bind()
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._out.setblocking(False)

    def ring(self, subjects: frozenset[str]) -> None:
        """Tell all other processes; never blocks, never fails."""
        message = ",".join(sorted(subjects)).encode()
        with contextlib.suppress(OSError):
            changed = os.fstat(self._folder).st_mtime_ns
            if changed != self._listed_at:
                self._list(changed)
            for name in self._others:
                self._ring_one(name, message)

    async def run(self, listener: Listener) -> None:
        """Call `listener` for each ring until cancelled."""
        bell = trio.socket.from_stdlib_socket(self._bell)
        while True:
            message = await bell.recv(4096)
            listener(frozenset(message.decode(errors="replace").split(",")))

    def close(self) -> None:
        """Take the bell away."""
        with contextlib.suppress(OSError):
            os.unlink(self._own, dir_fd=self._folder)
        self._bell.close()
        self._out.close()
        os.close(self._folder)

    def _bind(self) -> socket.socket:
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        bell.setblocking(False)
        bell.bind(self._address(self._own))
        return bell

    def _address(self, name: str) -> str:
        plain = str(self._directory / name)
        return (
            plain if len(os.fsencode(plain)) <= _LONGEST_ADDRESS else f"/proc/self/fd/{self._folder}/{name}"
        )

    def _list(self, changed: int) -> None:
        """Learn the other bells' names. Ringing them costs less than this, and they seldom change."""
        names = os.listdir(self._folder)  # noqa: PTH208 - by descriptor: the path may be too long
        self._others = [name for name in names if name.endswith(_SUFFIX) and name != self._own]
        self._listed_at = changed if self._clock.now() - changed / 1e9 > _SETTLED else None

    def _ring_one(self, name: str, message: bytes) -> None:
        try:
            self._out.sendto(message, self._address(name))
        except BlockingIOError:
            pass  # its bell is full of rings it has not read yet: it will look anyway
        except ConnectionRefusedError:
            # Its process is dead: kill -9 leaves the socket's file behind.
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._folder)
        except OSError:
            pass


def silent(_subjects: frozenset[str]) -> None:
    """A doorbell for a database that no other process uses."""


Ring = Callable[[frozenset[str]], None]
