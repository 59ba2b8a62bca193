"""How long commands take to start: `creche --help`, and `creche worker` until it is ready."""

import os
import statistics
import sys
from pathlib import Path

import trio

from bench.measurement import Measurement, alternate
from bench.processes import running
from bench.setting import Setting

STARTED = b"worker started"
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""As a program is that pip has installed: its modules are not compiled anew at each start."""


async def measure(setting: Setting) -> list[Measurement]:
    """`jobs` starts of each, in turns, after one that may have to compile."""
    await _help()
    await _worker(setting)
    sides = {"start_python": _python, "start_help": _help, "start_worker": lambda: _worker(setting)}
    runs = await alternate(setting.jobs, sides)
    says = {
        "start_python": "wall time of an interpreter that does nothing, the floor of the others",
        "start_help": "wall time of `creche --help`, from starting the process to its end",
        "start_worker": "wall time of `creche worker` on a new database, until it logs that it has started",
    }
    return [
        Measurement(
            metric=name,
            value=statistics.median(runs[name]),
            unit="ms",
            says=says[name],
            more={"processes": 1, "least": min(runs[name]), "runs": runs[name]},
        )
        for name in sides
    ]


def creche() -> list[str]:
    """The command as it is installed beside this interpreter, or as a module."""
    script = Path(sys.executable).with_name("creche")
    return [str(script)] if script.exists() else [sys.executable, "-m", "runtime"]


async def _python() -> float:
    began = trio.current_time()
    await trio.run_process([sys.executable, "-c", "pass"])
    return (trio.current_time() - began) * 1000


async def _help() -> float:
    began = trio.current_time()
    await trio.run_process([*creche(), "--help"], capture_stdout=True, env={**os.environ, **COMPILED})
    return (trio.current_time() - began) * 1000


async def _worker(setting: Setting) -> float:
    url = setting.place()
    began = trio.current_time()
    arguments = [*creche(), "worker", "--workers", str(setting.workers), "--db", url]
    async with running(arguments, wanted=STARTED, environment=COMPILED):
        return (trio.current_time() - began) * 1000
