"""The checker itself: each kind of fault, planted, is found, and an honest history passes."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.torture.checker import History, Run, judge, recovery_times, runs_of


def honest() -> History:
    return History(
        attempted={"a", "b", "c"},
        acknowledged={"a", "b"},
        effects=Counter({"a": 1, "b": 1, "c": 1}),
        runs=[Run("a", 1, 0.0), Run("a", 2, 5.0, 6.0), Run("b", 2, 1.0, 2.0), Run("c", 2, 1.0, 2.0)],
        died={1: 3.0},
        charges=Counter({"a": 1, "b": 1}),
        paid={"a", "b"},
    )


def test_an_honest_history_has_no_faults_and_tells_what_was_recovered_and_run_again():
    verdict = judge(honest())

    assert verdict.faults == {}
    assert verdict.recovered == {"c"}
    assert verdict.reruns == 1


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("lost", {"effects": Counter({"a": 1, "c": 1})}),
        ("unexpected", {"effects": Counter({"a": 1, "b": 1, "ghost": 1})}),
        ("duplicate", {"effects": Counter({"a": 2, "b": 1})}),
        ("overlap", {"died": {}}),
        ("overlap", {"died": {1: 5.5}}),
        ("overlap", {"runs": [Run("a", 1, 0.0, 2.0), Run("a", 2, 1.0, 3.0)]}),
        ("money", {"charges": Counter({"a": 2, "b": 1})}),
        ("money", {"charges": Counter({"a": 1, "b": 1, "c": 1})}),
        ("money", {"paid": {"a", "b", "c"}}),
        ("stuck", {"unfinished": {"a"}}),
    ],
)
def test_each_fault_is_found(kind, change):
    assert set(judge(replace(honest(), **change)).faults) == {kind}


def test_what_a_frozen_process_ran_may_overlap():
    history = replace(honest(), died={}, frozen={1})

    assert judge(history).faults == {}


def test_runs_are_read_from_notes():
    notes = [
        {"what": "start", "job": 7, "claim": 1, "pid": 11, "at": 1.0},
        {"what": "start", "job": 7, "claim": 2, "pid": 12, "at": 3.0},
        {"what": "guarded", "job": 7, "claim": 2, "pid": 12, "at": 3.5},
        {"what": "end", "job": 7, "claim": 2, "pid": 12, "at": 4.0},
    ]

    assert runs_of(notes) == [Run("7", 11, 1.0), Run("7", 12, 3.0, 4.0)]


def test_recovery_is_from_death_to_the_next_start():
    assert recovery_times(honest()) == [2.0]
