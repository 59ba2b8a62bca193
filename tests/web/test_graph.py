"""Where each job of a workflow stands and is drawn."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model.composition import Dependency, Edge, Member, WorkflowGraph
from runtime.model.records import Status
from web import graph


def made(*edges, jobs=None, statuses=(), types=()):
    """A graph of jobs 1, 2, …; an edge is (parent, child)."""
    number = jobs or max(max(edge) for edge in edges)
    status = dict(statuses)
    kind = dict(types)
    members = tuple(
        Member(id=job, type=kind.get(job, "echo"), status=status.get(job, Status.BLOCKED))
        for job in range(1, number + 1)
    )
    return WorkflowGraph(members, tuple(Dependency(*edge, Edge.OPEN) for edge in edges))


DIAMOND = made((1, 2), (1, 3), (2, 4), (3, 4))


def test_a_step_is_the_longest_way_to_a_job():
    assert graph.steps_of(made((1, 2), (2, 3), (1, 3), (3, 4))) == {1: 0, 2: 1, 3: 2, 4: 3}


def test_what_was_added_on_the_way_stands_before_what_waits_for_it():
    assert graph.steps_of(made((1, 2), (2, 3), (4, 3)))[4] == 1


@st.composite
def graphs(draw):
    number = draw(st.integers(1, 40))
    pairs = st.tuples(st.integers(1, number), st.integers(1, number)).filter(lambda pair: pair[0] < pair[1])
    return made(*draw(st.sets(pairs, max_size=80)), jobs=number)


@given(graphs())
def test_every_job_is_drawn_once_and_no_two_in_one_place(given_graph):
    picture = graph.draw(given_graph)
    if picture is None:
        return
    assert sorted(job.id for box in picture.boxes for job in box.jobs) == [job.id for job in given_graph.jobs]
    for number, box in enumerate(picture.boxes):
        assert 0 <= box.x <= picture.width - graph.BOX_WIDTH
        assert 0 <= box.y <= picture.height - graph.BOX_HEIGHT
        for other in picture.boxes[number + 1 :]:
            assert abs(box.x - other.x) >= graph.BOX_WIDTH or abs(box.y - other.y) >= graph.BOX_HEIGHT


@given(graphs())
def test_no_line_runs_behind_a_box_that_it_passes(given_graph):
    picture = graph.draw(given_graph)
    for line in picture.lines if picture else ():
        for x, y in re.findall(r"(\d+) (\d+)L", line.path):
            assert not any(
                box.x == int(x) and box.y <= int(y) <= box.y + graph.BOX_HEIGHT for box in picture.boxes
            )


@given(graphs())
def test_a_step_comes_after_those_that_it_waits_for(given_graph):
    steps = graph.steps_of(given_graph)
    assert all(steps[edge.parent_id] < steps[edge.job_id] for edge in given_graph.edges)
    assert sum(layer.total for layer in graph.layers(given_graph)) == len(given_graph.jobs)


def test_jobs_that_are_alike_become_one_box_from_five_on():
    fan = made(*((1, child) for child in range(2, 7)), statuses=[(3, Status.FAILED), (4, Status.COMPLETED)])
    picture = graph.draw(fan)

    assert [len(box.jobs) for box in picture.boxes] == [1, 5]
    assert (picture.boxes[1].status, picture.boxes[1].ended) == ("failed", 2)
    assert len(picture.lines) == 1
    assert len(graph.draw(DIAMOND).boxes) == 4


@pytest.mark.parametrize(
    "large",
    [
        made(*((job, job + 1) for job in range(1, graph.MOST_STEPS + 2))),
        made(jobs=graph.MOST_IN_A_STEP + 1, types=[(job, str(job)) for job in range(99)]),
        made(
            *((left, right) for left in range(1, 16) for right in range(16, 31)),
            types=[(job, str(job)) for job in range(99)],
        ),
    ],
    ids=["too long", "too broad", "too many lines"],
)
def test_what_is_too_large_to_see_is_not_drawn(large):
    assert graph.draw(large) is None


def test_a_row_of_steps_that_look_the_same_is_one():
    done = [(job, Status.COMPLETED) for job in range(1, 31)]
    chain = made(*((job, job + 1) for job in range(1, 100)), statuses=[*done, (31, Status.PROCESSING)])

    assert [(layer.first, layer.last, layer.types) for layer in graph.layers(chain)] == [
        (0, 29, (("echo", 30),)),
        (30, 30, (("echo", 1),)),
        (31, 99, (("echo", 69),)),
    ]
