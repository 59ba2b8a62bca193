"""The bare loop does all of the work, or says that it did not."""

import apsw
import pytest

from bench.limit import STYLES, drain


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("jobs", "workers"), [(1, 4), (100, 3), (64, 1)])
async def test_every_job_is_completed(tmp_path, style, jobs, workers):
    found = await drain(tmp_path / "limit.db", jobs, workers, style)

    assert found["ended"] > found["began"]
    connection = apsw.Connection(str(tmp_path / "limit.db"))
    assert list(connection.execute("SELECT status, COUNT(*) FROM jobs GROUP BY status")) == [(2, jobs)]
