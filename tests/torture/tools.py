"""Tools that a machine may lack: found, or the test is skipped by name. The README says how to get them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.process import ROOT

TOOLS = Path(os.environ.get("TORTURE_TOOLS", ROOT / ".torture"))
"""An environment with schemathesis and mfusepy, made by `make torture-tools`."""


def strace(*injections: str, calls: str = "pwrite64,fdatasync") -> list[str]:
    """Run under strace, which makes these system calls fail or kill (`fdatasync:signal=KILL:when=4`)."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    inject = [part for injection in injections for part in ("-e", f"inject={injection}")]
    # Without --seccomp-bpf, under which signals are not injected.
    return ["strace", "-f", "-q", "-o", "/dev/null", "-e", f"trace={calls}", *inject]


def wall_clock(offset: Path) -> dict[str, str]:
    """Environment in which wall time is off by what stands in the file `offset`; monotonic time is not."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs cc, a C compiler")
    library = offset.with_name("wallclock.so")
    source = Path(__file__).with_name("wallclock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(offset)}


def tool(name: str) -> str:
    """A program of the tools' environment."""
    path = TOOLS / "bin" / name
    if not path.exists():
        pytest.skip(f"needs {name} in {TOOLS}: make torture-tools")
    return str(path)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own with so much space."""
    folder.mkdir()
    size = f"size={kilobytes}k"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the permission to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
