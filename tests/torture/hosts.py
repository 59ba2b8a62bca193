"""Another host on this machine: a network namespace with a cable that can be pulled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Host:
    """A host of its own behind a cable of its own.

    Pulling the cable sends nothing to either end: each finds out by silence alone.
    """

    def __init__(self, number: int) -> None:
        self._space, self._cable = f"creche{number}", f"creche{number}"
        self.here, self.there = f"10.213.{number % 250}.1", f"10.213.{number % 250}.2"
        """The addresses of this end and of the other."""

    @property
    def under(self) -> list[str]:
        """What a command must be run by, to run there."""
        return ["ip", "netns", "exec", self._space]

    def connect(self) -> None:
        """Make the host and plug it in."""
        _ip("netns", "add", self._space)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", "cable", "netns", self._space)
        _ip("address", "add", f"{self.here}/24", "dev", self._cable)
        _ip("link", "set", self._cable, "up")
        for name in ("lo", "cable"):
            _ip("-n", self._space, "link", "set", name, "up")
        _ip("-n", self._space, "address", "add", f"{self.there}/24", "dev", "cable")

    def cut(self) -> None:
        """Pull the cable at this end."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug it in again."""
        _ip("link", "set", self._cable, "up")

    def remove(self) -> None:
        """Be gone, with the cable."""
        _ip("netns", "delete", self._space, check=False)
        _ip("link", "delete", self._cable, check=False)


@contextmanager
def another_host() -> Iterator[Host]:
    """A host that is there while the block runs; skips where that is not permitted."""
    if shutil.which("ip") is None:
        pytest.skip("needs ip (iproute2)")
    host = Host(os.getpid())
    try:
        try:
            host.connect()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"needs the permission to make network namespaces: {error.stderr}")
        yield host
    finally:
        host.remove()


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)
