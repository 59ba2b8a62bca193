"""The same work on every queue that can be had, each right after Creche did it."""

import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import trio

from bench.app import Noop
from bench.e2e import End2End
from bench.measurement import Measurement
from bench.peers.catalog import PEERS, Peer
from bench.peers.environments import Unavailable, python_of, version_of
from bench.peers.servers import postgresql, redis
from bench.processes import answer, drain, rate, running
from bench.setting import Setting
from runtime.errors import ConfigurationError

PRODUCERS = 4
PATIENCE = 120.0
"""Seconds that one piece of work may take a peer."""
OURS = 5
"""So many times as many jobs for Creche, where a queue is emptied: fewer would be done before it is warm."""
METRICS = {
    "peer_throughput": "jobs that do nothing, out of a full queue, one worker process, from the first call "
    "of the handler to the last",
    "peer_e2e": f"{PRODUCERS} tasks or threads in another process store one job at a time while one worker "
    "process runs; from the first call that stores to the last call of the handler",
}
PROMISES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sqlite": {
            "durability": "each enqueue synced, endings with the next",
            "killedWorker": "run again within a second",
        },
        "postgresql": {
            "durability": "each commit synced",
            "killedWorker": "run again when its heartbeat is old",
        },
    }
)
"""Creche's own, by dialect."""
Runs = dict[str, float]
"""Jobs a second, by metric."""


@dataclass(slots=True)
class _Found:
    """What came of a run."""

    ours: list[Runs] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)


async def measure(setting: Setting) -> list[Measurement]:
    """Every peer asked for; one that cannot be had is named on standard error and left out.

    Raises:
        ConfigurationError: an unknown name, or none of them can be had.
    """
    found = _Found()
    for peer in _chosen(setting.peers):
        try:
            python = await python_of(peer, setting.peers_folder)
            await _compare(peer, python, setting, found)
        except Unavailable as error:
            print(f"skipped {peer.name}: {error}", file=sys.stderr)
        except (RuntimeError, trio.TooSlowError, ExceptionGroup) as error:
            print(f"skipped {peer.name}: it did not work: {error}", file=sys.stderr)
    if not found.measurements:
        raise ConfigurationError("none of these peers can be measured here")
    return [*_ours(setting, found.ours), *found.measurements]


def _chosen(names: Sequence[str]) -> list[Peer]:
    unknown = set(names) - {peer.name for peer in PEERS}
    if unknown:
        known = ", ".join(peer.name for peer in PEERS)
        raise ConfigurationError(f"--peer: no such peer: {', '.join(sorted(unknown))}; known: {known}")
    return [peer for peer in PEERS if not names or peer.name in names]


async def _compare(peer: Peer, python: Path, setting: Setting, found: _Found) -> None:
    version = await version_of(peer, python)
    ours = await _creche(setting)
    theirs = await _Bench(peer, python, setting).run()
    found.ours.append(ours)
    for metric, value in theirs.items():
        found.measurements.append(
            Measurement(
                metric=metric,
                value=value,
                unit="jobs/s",
                says=METRICS[metric],
                more={
                    "peer": peer.name,
                    "jobs": max(1, setting.jobs // peer.slow),
                    "version": version,
                    "processes": 1,
                    "db": peer.store,
                    "durability": peer.durable,
                    "killedWorker": peer.running,
                    "crecheTimes": ours[metric] / value,
                },
            )
        )


async def _creche(setting: Setting) -> Runs:
    many = replace(setting, jobs=setting.jobs * OURS)
    throughput = rate(await drain(many, Noop(), processes=1), many.jobs)
    return {"peer_throughput": throughput, "peer_e2e": await End2End(setting).sample()}


def _ours(setting: Setting, runs: Sequence[Runs]) -> list[Measurement]:
    return [
        Measurement(
            metric=metric,
            value=statistics.median(run[metric] for run in runs),
            unit="jobs/s",
            says=f"{says}; for Creche to the last ending committed",
            more={
                "peer": "creche",
                "processes": 1,
                **PROMISES[setting.dialect],
                "runs": [run[metric] for run in runs],
            },
        )
        for metric, says in METRICS.items()
    ]


class _Bench:
    """One peer at work."""

    def __init__(self, peer: Peer, python: Path, setting: Setting) -> None:
        self._peer = peer
        self._python = python
        self._setting = setting
        self._jobs = max(1, setting.jobs // peer.slow)

    async def run(self) -> Runs:
        return {"peer_throughput": await self._throughput(), "peer_e2e": await self._end_to_end()}

    async def _throughput(self) -> float:
        async with self._store() as options:
            await self._play("prepare", options)
            await self._play("fill", options)
            said = await self._play("work", options)
        return self._jobs / (said["ended"] - said["began"])

    async def _end_to_end(self) -> float:
        async with self._store() as options:
            await self._play("prepare", options)
            with trio.fail_after(PATIENCE):
                async with running(self._command("work", options)) as worker:
                    await trio.sleep(1)  # it said that it is about to start, not that it has
                    produced = await self._play("produce", options)
                    worked = await worker.answer()
        return self._jobs / (worked["ended"] - produced["began"])

    async def _play(self, role: str, options: Mapping[str, object]) -> Mapping[str, float]:
        with trio.fail_after(PATIENCE):
            return await answer(self._command(role, options))

    def _command(self, role: str, options: Mapping[str, object]) -> list[str]:
        script = Path(__file__).with_name("adapters") / f"{self._peer.adapter}.py"
        return [str(self._python), str(script), role, json.dumps({**options, "role": role})]

    @asynccontextmanager
    async def _store(self) -> AsyncIterator[dict[str, object]]:
        """A new store of the peer's kind, and what its adapter is told."""
        folder = Path(tempfile.mkdtemp(dir=self._setting.folder))
        options: dict[str, object] = {
            "peer": self._peer.name,
            "jobs": self._jobs,
            "producers": PRODUCERS,
            "folder": str(folder),
        }
        if self._peer.store == "redis":
            async with redis(folder) as url:
                yield {**options, "redis": url}
        elif self._peer.store == "postgresql":
            self._setting.folder.chmod(0o711)  # the server's user must get through
            async with postgresql(folder) as url:
                yield {**options, "postgres": url}
        else:
            yield options
