"""Options of a worker: what cannot work is refused by its option's name, before anything runs."""

import pytest

from runtime.errors import ConfigurationError, InvalidInput
from runtime.model.rates import Rate
from runtime.worker.options import MOST_RUNNERS, WorkerOptions

HANDLED = frozenset({"mail", "pdf", "sync"})


def test_the_defaults_are_those_of_the_contract():
    options = WorkerOptions()

    assert (options.workers, options.timeout, options.grace, options.poll) == (8, 300, 30, 1)
    assert (options.aging, options.stale_after, options.drain) == (600, 30, False)
    assert (options.min_priority, options.max_priority) == (0, 100)
    assert options.chosen(HANDLED) == HANDLED


@pytest.mark.parametrize(
    ("values", "option"),
    [
        ({"workers": 0}, "workers"),
        ({"workers": MOST_RUNNERS + 1}, "workers"),
        ({"min_priority": -1}, "min-priority"),
        ({"max_priority": 101}, "max-priority"),
        ({"min_priority": 10, "max_priority": 9}, "min-priority"),
        ({"only": frozenset({"a"}), "excluded": frozenset({"a", "b"})}, "only"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"grace": -1}, "grace"),
        ({"poll": 0}, "poll"),
        ({"aging": -0.1}, "aging"),
        ({"stale_after": 0.9}, "stale-after"),
        ({"stale_after": 1e10}, "stale-after"),
    ],
)
def test_what_cannot_work_is_refused_by_name(values, option):
    with pytest.raises(InvalidInput, match=f"^--{option} ") as caught:
        WorkerOptions(**values)

    assert [error.field for error in caught.value.errors] == [option]


@pytest.mark.parametrize(
    "values",
    [
        {"workers": 1}, {"workers": MOST_RUNNERS}, {"grace": 0}, {"aging": 0}, {"stale_after": 1},
        {"min_priority": 100, "max_priority": 100}, {"min_priority": 0, "max_priority": 0},
    ],
)  # fmt: skip
def test_the_ends_of_every_range_are_allowed(values):
    assert WorkerOptions(**values)


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ({"only": frozenset({"mail"})}, {"mail"}),
        ({"excluded": frozenset({"mail"})}, {"pdf", "sync"}),
        ({"only": frozenset({"mail", "pdf"}), "excluded": frozenset({"sync"})}, {"mail", "pdf"}),
    ],
)
def test_a_dedicated_worker_runs_what_it_is_told_to(values, chosen):
    assert WorkerOptions(**values).chosen(HANDLED) == chosen


@pytest.mark.parametrize(
    "values",
    [
        {"only": frozenset({"fax"})},
        {"excluded": frozenset({"fax"})},
        {"rates": {"fax": Rate.parse("1/s")}},
        {"rates": {"fax": None}},
    ],
)
def test_a_type_without_a_handler_is_refused_and_those_with_one_named(values):
    with pytest.raises(ConfigurationError, match="no handler for fax; known: mail, pdf, sync"):
        WorkerOptions(**values).chosen(HANDLED)


def test_a_worker_with_nothing_to_run_is_refused():
    with pytest.raises(ConfigurationError, match="no job type left"):
        WorkerOptions(excluded=HANDLED).chosen(HANDLED)
    with pytest.raises(ConfigurationError, match="no job type left"):
        WorkerOptions().chosen(frozenset())
