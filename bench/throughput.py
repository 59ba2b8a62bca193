"""Jobs a second: how fast workers empty a full queue of jobs that do nothing, beside a bare loop."""

import json
import statistics
import tempfile
from functools import partial

from bench.app import Noop
from bench.measurement import Measurement, alternate, ratio
from bench.processes import answer, command, drain, rate
from bench.setting import Setting

SAYS = (
    "jobs of type noop, claimed, run and completed, from the first worker being ready to claim until the "
    "last ending is committed; enqueue and start-up are not in it"
)
LIMIT_SAYS = (
    "the same work in a bare loop with a task a job and no other feature, completions written as the engine "
    "writes them (bench/limit.py)"
)
POOLED_SAYS = "the same in a bare loop that keeps its tasks, as the engine does"


async def measure(setting: Setting) -> list[Measurement]:
    """The bare loops, one worker process and, where asked for, several, in turns."""
    work = _Work(setting)
    sides = {"throughput": work.creche}
    if setting.processes > 1:
        sides["one_process"] = work.creche_alone
    if setting.dialect == "sqlite":
        sides["limit"] = partial(work.limit, "tasks")
        sides["limit_pooled"] = partial(work.limit, "pooled")
    runs = await alternate(setting.rounds, sides)
    return [*_limits(runs), *_alone(runs), _throughput(runs, work.processor)]


class _Work:
    """What is done in turns; gathers the processor time of the engine."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.processor: list[float] = []
        """Microseconds a job, a round."""

    async def creche(self) -> float:
        windows = await drain(self._setting, Noop())
        self.processor.append(sum(w.processor for w in windows) / self._setting.jobs * 1e6)
        return rate(windows, self._setting.jobs)

    async def creche_alone(self) -> float:
        return rate(await drain(self._setting, Noop(), processes=1), self._setting.jobs)

    async def limit(self, style: str) -> float:
        setting = self._setting
        options = {
            "path": f"{tempfile.mkdtemp(dir=setting.folder)}/limit.db",
            "jobs": setting.jobs,
            "workers": setting.workers,
            "style": style,
        }
        window = await answer(command("limit", json.dumps(options)))
        return setting.jobs / (window["ended"] - window["began"])


def _limits(runs: dict[str, list[float]]) -> list[Measurement]:
    return [
        Measurement(
            metric=name,
            value=statistics.median(runs[name]),
            unit="jobs/s",
            says=says,
            more={"processes": 1, "runs": runs[name]},
        )
        for name, says in (("limit", LIMIT_SAYS), ("limit_pooled", POOLED_SAYS))
        if name in runs
    ]


def _alone(runs: dict[str, list[float]]) -> list[Measurement]:
    if "one_process" not in runs:
        return []
    found = runs["one_process"]
    return [
        Measurement(
            metric="throughput_one_process",
            value=statistics.median(found),
            unit="jobs/s",
            says=SAYS,
            more={"processes": 1, "runs": found},
        )
    ]


def _throughput(runs: dict[str, list[float]], processor: list[float]) -> Measurement:
    found = runs["throughput"]
    names = {
        "limit": "ratioToLimit",
        "limit_pooled": "ratioToPooledLimit",
        "one_process": "ratioToOneProcess",
    }
    return Measurement(
        metric="throughput",
        value=statistics.median(found),
        unit="jobs/s",
        says=SAYS,
        more={
            **{label: ratio(found, runs[name]) for name, label in names.items() if name in runs},
            "processorMicrosecondsPerJob": statistics.median(processor),
            "runs": found,
        },
    )
