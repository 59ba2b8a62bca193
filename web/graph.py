"""Graphs: where each job of a workflow stands in it, and where it is drawn. Pure.

A job's step is the longest way to it from one that waits for nobody. A picture has a column for each
step; jobs that are alike (of one type, waiting for the same, waited for by the same) are one box from
five on. What is too large for a picture is a table of its steps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeAlias

from runtime.model.composition import Edge, Member, WorkflowGraph
from runtime.model.records import Status

MOST_BOXES = 60
MOST_LINES = 200
MOST_STEPS = 12
MOST_IN_A_STEP = 16
STACKED = 5
"""So many jobs that are alike become one box."""

BOX_WIDTH, BOX_HEIGHT = 204, 46
GAP_ACROSS, GAP_DOWN = 44, 14
LANE_HEIGHT = 6
"""Of the room that lines have which pass a column."""

_Spot: TypeAlias = tuple[int, int]
"""What a line leads to, and a column: the box itself in its own, room for the line in those before."""

_MOST_TELLING = (
    *(Status.FAILED, Status.PROCESSING, Status.PENDING, Status.SCHEDULED, Status.BLOCKED),
    *(Status.CANCELLED, Status.COMPLETED),
)
"""Of several statuses, the one that says most about all."""


@dataclass(frozen=True, slots=True)
class Box:
    """A job in the picture, or some that are alike."""

    jobs: tuple[Member, ...]
    x: int
    y: int

    @property
    def type(self) -> str:
        """What kind of job."""
        return self.jobs[0].type

    @property
    def status(self) -> Status:
        """Where it stands; of several, what somebody should look at first."""
        found = {job.status for job in self.jobs}
        return next(status for status in _MOST_TELLING if status in found)

    @property
    def ended(self) -> int:
        """How many of its jobs have ended."""
        return sum(job.status.finished for job in self.jobs)


@dataclass(frozen=True, slots=True)
class Line:
    """One box waits for another."""

    path: str
    """As SVG writes it."""
    edge: Edge


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and lines; lengths are in CSS pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


@dataclass(frozen=True, slots=True)
class Layer:
    """One step of a workflow, or several in a row whose jobs are alike and stand alike."""

    first: int
    last: int
    types: tuple[tuple[str, int], ...]
    """How many jobs of which type."""
    counts: Mapping[Status, int]

    @property
    def total(self) -> int:
        """How many jobs it has."""
        return sum(self.counts.values())


def steps_of(graph: WorkflowGraph) -> dict[int, int]:
    """At which step each job stands, by id; the first is 0."""
    waits = Counter(edge.job_id for edge in graph.edges)
    children = defaultdict(list)
    for edge in graph.edges:
        children[edge.parent_id].append(edge.job_id)
    steps = {job.id: 0 for job in graph.jobs}
    free = [job.id for job in graph.jobs if not waits[job.id]]
    for parent in free:  # grows while it is walked
        for child in children[parent]:
            steps[child] = max(steps[child], steps[parent] + 1)
            waits[child] -= 1
            if not waits[child]:
                free.append(child)
    for parent in free:
        older = [steps[child] for child in children[parent] if child < parent]
        if older and not steps[parent]:  # added on the way, before what already waited
            steps[parent] = max(0, min(older) - 1)
    return steps


def layers(graph: WorkflowGraph) -> list[Layer]:
    """The steps in order; a row of steps that look the same is one."""
    steps = steps_of(graph)
    ordered = sorted(graph.jobs, key=lambda job: steps[job.id])
    found: list[Layer] = []
    for step, jobs in groupby(ordered, key=lambda job: steps[job.id]):
        layer = _layer(step, list(jobs))
        last = found[-1] if found else None
        if last is not None and len(layer.counts) == 1 and _alike(last, layer):
            found[-1] = _joined(last, layer)
        else:
            found.append(layer)
    return found


def draw(graph: WorkflowGraph) -> Picture | None:
    """The picture; None where there is too much to see anything."""
    steps = steps_of(graph)
    groups = _alike_jobs(graph, steps)
    columns = [steps[jobs[0].id] for jobs in groups]
    group_of = {job.id: index for index, jobs in enumerate(groups) for job in jobs}
    lines = {(group_of[edge.parent_id], group_of[edge.job_id]): edge.edge for edge in graph.edges}
    if len(groups) > MOST_BOXES or len(lines) > MOST_LINES or max(columns, default=0) >= MOST_STEPS:
        return None
    if max(Counter(columns).values(), default=0) > MOST_IN_A_STEP:
        return None
    ways = {ends: _way(*ends, columns) for ends in lines}
    points, height = _points(columns, ways.values())
    boxes = [(points[index, column], groups[index]) for index, column in enumerate(columns)]
    return Picture(
        width=(max(columns, default=0) + 1) * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS,
        height=height,
        boxes=tuple(Box(tuple(jobs), x, middle - BOX_HEIGHT // 2) for (x, middle), jobs in boxes),
        lines=tuple(Line(_path([points[spot] for spot in ways[ends]]), lines[ends]) for ends in lines),
    )


def _alike_jobs(graph: WorkflowGraph, steps: Mapping[int, int]) -> list[list[Member]]:
    """Jobs with those that are alike, or each by itself where those are few; in order of their steps."""
    parents, children = defaultdict(set), defaultdict(set)
    for edge in graph.edges:
        parents[edge.job_id].add(edge.parent_id)
        children[edge.parent_id].add(edge.job_id)
    alike: dict[object, list[Member]] = {}
    for job in sorted(graph.jobs, key=lambda job: (steps[job.id], job.id)):
        likeness = (steps[job.id], job.type, frozenset(parents[job.id]), frozenset(children[job.id]))
        alike.setdefault(likeness, []).append(job)
    return [
        group
        for jobs in alike.values()
        for group in ([jobs] if len(jobs) >= STACKED else [[job] for job in jobs])
    ]


def _way(parent: int, child: int, columns: Sequence[int]) -> list[_Spot]:
    """From one to the other, a spot in each column: lines do not run behind boxes that they pass."""
    passed = range(columns[parent] + 1, columns[child] + 1)
    return [(parent, columns[parent]), *((child, column) for column in passed)]


def _points(columns: Sequence[int], ways: Iterable[list[_Spot]]) -> tuple[dict[_Spot, tuple[int, int]], int]:
    """The left end of each spot's middle, and the height of the whole.

    A spot stands near the middle of those that lead to it, so that few lines cross.
    """
    before: dict[_Spot, set[_Spot]] = {(box, column): set() for box, column in enumerate(columns)}
    for way in ways:
        for one, other in pairwise(way):
            before.setdefault(other, set()).add(one)
    heights = {spot: BOX_HEIGHT if columns[spot[0]] == spot[1] else LANE_HEIGHT for spot in before}
    spots = [[spot for spot in before if spot[1] == column] for column in range(max(columns, default=0) + 1)]
    tall = [sum(heights[spot] + GAP_DOWN for spot in column) - GAP_DOWN for column in spots]
    points: dict[_Spot, tuple[int, int]] = {}
    for number, column in enumerate(spots):
        top = (max(tall) - tall[number]) // 2
        for spot in sorted(column, key=lambda spot: _mean([points[one][1] for one in before[spot]])):
            points[spot] = (number * (BOX_WIDTH + GAP_ACROSS), top + heights[spot] // 2)
            top += heights[spot] + GAP_DOWN
    return points, max(tall)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _path(points: Sequence[tuple[int, int]]) -> str:
    """From the right side of the first to the left side of the last, straight through those between."""
    written: list[str] = []
    for (left, top), (right, bottom) in pairwise(points):
        start, bend = left + BOX_WIDTH, (right - left - BOX_WIDTH) // 2
        written.append(
            f"{'L' if written else 'M'}{start} {top}"
            f"C{start + bend} {top} {right - bend} {bottom} {right} {bottom}"
        )
    return "".join(written)


def _layer(step: int, jobs: list[Member]) -> Layer:
    types = Counter(job.type for job in jobs)
    return Layer(step, step, tuple(sorted(types.items())), Counter(job.status for job in jobs))


def _alike(one: Layer, other: Layer) -> bool:
    """Whether all their jobs stand in one status, and each step has the same types."""
    width = one.last - one.first + 1
    each = tuple((kind, number // width) for kind, number in one.types)
    return one.counts.keys() == other.counts.keys() and each == other.types


def _joined(one: Layer, other: Layer) -> Layer:
    types = Counter(dict(one.types)) + Counter(dict(other.types))
    return Layer(
        one.first, other.last, tuple(sorted(types.items())), Counter(one.counts) + Counter(other.counts)
    )
