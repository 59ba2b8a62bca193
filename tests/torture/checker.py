"""The checker: what was asked and answered, what ran and had effects, and what that says.

After Jepsen's total-queue: what goes in must come out, once. A history is gathered
from outside; the verdict is a pure function of it, so its own tests can plant faults.

    lost         acknowledged, and without effect
    unexpected   with effect, and never asked for
    duplicate    with more than one effect
    overlap      run in two places at once, while nobody was frozen
    money        charged more than once, charged and not paid, or paid and not charged
    stuck        not ended although everything was drained
    recovered    never acknowledged, but happened: allowed, and counted
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """One run of a job, in monotonic seconds; no end where its process died first."""

    key: str
    pid: int
    start: float
    end: float | None = None


@dataclass
class History:
    """What was seen. Keys are whatever names a piece of work: job ids, orders."""

    attempted: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    effects: Counter[str] = field(default_factory=Counter)
    runs: list[Run] = field(default_factory=list)
    died: dict[int, float] = field(default_factory=dict)
    """When which process was killed."""
    frozen: set[int] = field(default_factory=set)
    """The processes that stood still for a while: what they ran may overlap."""
    charges: Counter[str] = field(default_factory=Counter)
    paid: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Verdict:
    """What is wrong; all of it empty, and all is well."""

    lost: frozenset[str]
    unexpected: frozenset[str]
    duplicate: frozenset[str]
    overlap: frozenset[str]
    money: frozenset[str]
    stuck: frozenset[str]
    recovered: frozenset[str]
    reruns: int

    @property
    def faults(self) -> dict[str, list[str]]:
        """What is wrong, by kind."""
        kinds = ("lost", "unexpected", "duplicate", "overlap", "money", "stuck")
        return {kind: sorted(getattr(self, kind)) for kind in kinds if getattr(self, kind)}


def judge(history: History) -> Verdict:
    """Look for each kind of fault."""
    happened = set(history.effects)
    return Verdict(
        lost=frozenset(history.acknowledged - happened),
        unexpected=frozenset(happened - history.attempted),
        duplicate=frozenset(key for key, times in history.effects.items() if times > 1),
        overlap=frozenset(_overlapping(history)),
        money=frozenset(_wrong_money(history)),
        stuck=frozenset(history.unfinished),
        recovered=frozenset((history.attempted - history.acknowledged) & happened),
        reruns=len(history.runs) - len({run.key for run in history.runs}),
    )


def runs_of(notes: Iterable[Mapping[str, object]]) -> list[Run]:
    """Runs, from the notes that handlers took when they started and ended."""
    ends: dict[tuple[object, object], float] = {}
    starts = []
    for note in notes:
        run = note["job"], note["claim"]
        if note["what"] == "start":
            starts.append((run, note))
        elif note["what"] in {"end", "cancelled"}:
            ends[run] = float(str(note["at"]))
    return [
        Run(str(note["job"]), int(str(note["pid"])), float(str(note["at"])), ends.get(run))
        for run, note in starts
    ]


def recovery_times(history: History) -> list[float]:
    """For each run that was cut off by the death of its process: how long until the next run of its key."""
    times = []
    for run in history.runs:
        death = history.died.get(run.pid)
        if run.end is None and death is not None:
            later = [
                other.start for other in history.runs if other.key == run.key and other.start > run.start
            ]
            times += [min(later) - death] if later else []
    return times


def _overlapping(history: History) -> Iterable[str]:
    by_key: dict[str, list[Run]] = {}
    for run in history.runs:
        by_key.setdefault(run.key, []).append(run)
    for key, runs in by_key.items():
        runs.sort(key=lambda run: run.start)
        for index, first in enumerate(runs):
            if first.pid in history.frozen:
                continue
            ended = first.end if first.end is not None else history.died.get(first.pid, float("inf"))
            if any(second.start < ended for second in runs[index + 1 :]):
                yield key


def _wrong_money(history: History) -> Iterable[str]:
    yield from (key for key, times in history.charges.items() if times > 1)
    yield from set(history.charges) ^ history.paid
