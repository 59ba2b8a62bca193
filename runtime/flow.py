"""Flows: jobs that wait for each other, said as they are thought.

    chain(Charge(order_id=1), group(Invoice(order_id=1), Sync(product_id="p")), Notify(order_id=1))

In a chain each part waits for the one before it; the parts of a group do not wait for each other, and what
comes after a group waits for all of it. Both may hold jobs, and each other. `step` gives a job options of
its own. `enqueue` stores the whole in one transaction, as a workflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypedDict, Unpack

from runtime.enqueueing import EnqueueOptions, new_job
from runtime.errors import FieldError, InvalidInput
from runtime.job import Job
from runtime.model.composition import Plan
from runtime.model.records import NewJob, OnFailure

MOST_JOBS = 100_000
MOST_EDGES = 1_000_000
DEEPEST = 50
"""Parts within parts."""


class StepOptions(TypedDict, total=False):
    """What a step may say about its job; see `EnqueueOptions`."""

    delay: float
    at: float | None
    priority: int | None
    max_attempts: int | None
    expires: float | None
    deadline: float | None
    done_within: float | None
    on_failure: OnFailure
    """What becomes of it when a part that it waits for fails for good or is cancelled."""


class FlowOptions(TypedDict, total=False):
    """What an enqueue may say about a flow."""

    name: str
    """Of the workflow, for people."""
    awaited: bool
    """Enqueued with the completion of a job: what depends on that one waits for all of this, too."""
    deadline: float | None
    """When each of its jobs must be done, unless its step says otherwise."""
    done_within: float | None
    """The same as seconds from now; instead of `deadline`."""


class AnyOptions(EnqueueOptions, total=False):
    """Of a job or of a flow."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """A job of a flow, with options of its own."""

    job: Job
    options: StepOptions


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts one after the other."""

    parts: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """Parts side by side."""

    parts: "tuple[Part, ...]"


Part: TypeAlias = Job | Step | Chain | Group


def step(job: Job, /, **options: Unpack[StepOptions]) -> Step:
    """A job of a flow with a delay, a priority or a rule for failures of its own."""
    return Step(job, options)


def chain(*parts: Part) -> Chain:
    """Each part waits for the one before it. An empty one is passed over."""
    return Chain(parts)


def group(*parts: Part) -> Group:
    """The parts do not wait for each other; what follows waits for all. An empty one is passed over."""
    return Group(parts)


def plan(flow: Chain | Group, now: float, /, **options: Unpack[FlowOptions]) -> Plan:
    """The jobs of a flow, and who waits for whom.

    Raises:
        InvalidInput: it has no job, too many, or is nested too deeply; a step's option is out of range.
        InvalidPayload: a payload cannot be stored.
    """
    layout = _Layout(now, options)
    ends = layout.lay(flow, (), 0)
    if not layout.jobs:
        raise InvalidInput("a flow needs at least one job", [FieldError("jobs", "must not be empty")])
    return Plan(
        jobs=tuple(layout.jobs),
        parents=tuple(layout.parents),
        ends=tuple(ends),
        awaited=options.get("awaited", False),
    )


class _Layout:
    """Positions are given in the order of the text, so each job comes after those that it waits for."""

    def __init__(self, now: float, options: FlowOptions) -> None:
        self._now = now
        self._common: StepOptions = {}
        """Said of each job whose step does not say when it must be done."""
        if (deadline := options.get("deadline")) is not None:
            self._common["deadline"] = deadline
        if (within := options.get("done_within")) is not None:
            self._common["done_within"] = within
        self._edges = 0
        self.jobs: list[NewJob] = []
        self.parents: list[tuple[int, ...]] = []

    def lay(self, part: Part, after: tuple[int, ...], depth: int) -> tuple[int, ...]:
        """Lay out a part behind others; return the positions that what follows waits for."""
        if depth > DEEPEST:
            raise InvalidInput(f"a flow is nested at most {DEEPEST} deep")
        match part:
            case Chain(parts):
                for inner in parts:
                    after = self.lay(inner, after, depth + 1)
                return after
            case Group(parts):
                ends = [end for inner in parts for end in self.lay(inner, after, depth + 1)]
                return tuple(dict.fromkeys(ends)) or after
            case Step(job, options):
                own = options.keys() & {"deadline", "done_within"}
                said: StepOptions = options if own else {**self._common, **options}
                return self._add(new_job(job, self._now, **said), after)
            case _:
                return self._add(new_job(part, self._now, **self._common), after)

    def _add(self, new: NewJob, after: Sequence[int]) -> tuple[int, ...]:
        self._edges += len(after)
        if len(self.jobs) >= MOST_JOBS or self._edges > MOST_EDGES:
            raise InvalidInput(
                f"a flow has at most {MOST_JOBS} jobs, and {MOST_EDGES} times one waits for another"
            )
        self.jobs.append(new)
        self.parents.append(tuple(after))
        return (len(self.jobs) - 1,)
