"""Lifeline: by which a child process learns that its parent is gone, however it went.

A pipe whose writing end the parent alone holds: when the parent dies, even by
SIGKILL, the reading end comes to its end. (PR_SET_PDEATHSIG would fire when the
*thread* that started the child ends, and trio starts processes from threads
that end after a few idle seconds.)
"""

import os
import signal
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass

SLOT = "CRECHE_PROCESS"
"""The variable that numbers the children of one parent, from 0."""
_VARIABLE = "CRECHE_PARENT_PIPE"


@dataclass(frozen=True, slots=True)
class Lifeline:
    """The parent's side, as its children are told of it."""

    descriptor: int
    """The reading end: children must inherit it."""

    def environment(self, slot: int) -> dict[str, str]:
        """This process's environment, where the lifeline is, and which of the children this one is."""
        return {**os.environ, _VARIABLE: str(self.descriptor), SLOT: str(slot)}


@contextmanager
def open_lifeline() -> Iterator[Lifeline]:
    """A lifeline that ends with the block or with this process, whichever comes first."""
    reading, writing = os.pipe()  # neither is inherited by other processes
    try:
        yield Lifeline(reading)
    finally:
        os.close(writing)
        os.close(reading)


def stop_with_parent(environment: MutableMapping[str, str] | None = None) -> None:
    """In a child: as soon as the parent is gone, send this process SIGTERM. Without a parent: nothing.

    A thread waits, so a blocked event loop does not hide the parent's death. The variable is
    taken out of `environment` (by default this process's), for it means nothing to grandchildren.
    """
    descriptor = (os.environ if environment is None else environment).pop(_VARIABLE, None)
    if descriptor is not None and descriptor.isdecimal():
        threading.Thread(target=_wait, args=(int(descriptor),), name="lifeline", daemon=True).start()


def _wait(descriptor: int) -> None:
    try:
        ended = os.read(descriptor, 1) == b""
    except OSError:  # not a pipe of ours
        return
    if ended:
        os.kill(os.getpid(), signal.SIGTERM)
