"""What a figure depends on: processors, versions, the date, and how fast this disk makes a write durable."""

import os
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pydantic
import trio

from runtime.clock import SystemClock


def machine(folder: Path) -> dict[str, str | float]:
    """The facts of this machine; `folder` is where databases will lie."""
    return {
        "date": datetime.fromtimestamp(SystemClock().now(), UTC).isoformat(timespec="seconds"),
        "cpu": _processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "trio": trio.__version__,
        "pydantic": pydantic.VERSION,
        "fsyncMilliseconds": round(_fsync(folder) * 1000, 3),
    }


def resident(pid: int | str = "self") -> tuple[float, float]:
    """MiB of memory that a process holds: all of it, and without pages of files."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in {"VmRSS", "RssAnon"}:
            found[name] = int(rest.split()[0]) / 1024
    return found["VmRSS"], found["RssAnon"]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def _fsync(folder: Path) -> float:
    """Median seconds of a 4 KiB write and fsync; without it no durable figure can be judged."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        taken = []
        for _ in range(50):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"\0" * 4096, 0)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)
