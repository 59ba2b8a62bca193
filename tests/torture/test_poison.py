"""Poison pills (T16): a job that kills its process each time is buried after three deaths, and it alone."""

import pytest

from tests.torture.application import Kill, Work

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.mark.parametrize(
    "how",
    ["abort", *(pytest.param(how, marks=pytest.mark.torture) for how in ("exit", "segfault", "kill"))],
)
def test_a_killer_is_buried_alone(siege, blows, how):
    (pill,) = siege.enqueue(Kill(how=how), app=siege.app)
    good = siege.store(*[Work(seconds=0.3)] * blows(24, 300))
    siege.start("worker", "--processes", "2", "--workers", "6")

    siege.drain()

    assert siege.outcomes(pill) == ["crashed"] * 3
    ((error,),) = siege.rows("SELECT error FROM dead_letter_jobs")  # of the pill alone
    assert "poison pill" in error
    assert siege.verdict() == {}
    assert len(siege.rows("SELECT id FROM jobs WHERE status = 'completed' AND type = 'work'")) == len(good)


@pytest.mark.torture
def test_many_killers_at_once_do_not_drag_innocents_along(siege, blows):
    pills = siege.enqueue(*[Kill()] * 4, app=siege.app)
    siege.store(*[Work(seconds=1.0)] * blows(10, 40))
    siege.start("worker", "--processes", "2", "--workers", "6")

    siege.drain(within=300)

    assert [siege.outcomes(pill)[-1] for pill in pills] == ["crashed"] * 4
    assert {job for (job,) in siege.rows("SELECT job_id FROM dead_letter_jobs")} == set(pills)
    assert siege.verdict() == {}
