"""How figures are compared and said."""

import json
from pathlib import Path

import pytest

from bench.measurement import Measurement, alternate, lines, percentile, ratio, table
from bench.setting import Setting


async def test_sides_take_turns_and_every_second_round_goes_backwards():
    asked = []

    def side(name):
        async def sample():
            asked.append(name)
            return float(len(asked))

        return sample

    found = await alternate(3, {"a": side("a"), "b": side("b")})

    assert "".join(asked) == "abbaab"
    assert found == {"a": [1.0, 4.0, 5.0], "b": [2.0, 3.0, 6.0]}


def test_a_ratio_compares_within_each_round():
    # The machine became ten times slower; each round says that one side is twice the other.
    assert ratio([200.0, 20.0, 10.0], [100.0, 10.0, 5.0]) == pytest.approx(2.0)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(share, value):
    assert percentile(range(100, 0, -1), share) == value


def test_json_carries_what_the_figure_says_of_itself_and_leaves_long_lists_to_the_files():
    setting = Setting(jobs=10, workers=4, folder=Path())
    item = Measurement(
        metric="m",
        value=1 / 3,
        unit="jobs/s",
        says="something",
        more={"workers": 7, "runs": [0.123456, 2.0], "all": list(range(100))},
    )

    said = json.loads(lines([item], setting, {"cpus": 2}))

    assert (said["value"], said["jobs"], said["workers"], said["runs"]) == (0.3333, 10, 7, [0.1235, 2.0])
    assert (said["db"], said["durability"], said["machine"]) == ("sqlite", "full", {"cpus": 2})
    assert "all" not in said
    assert table([item]).split() == ["m", "0.33", "jobs/s", "workers", "7"]
