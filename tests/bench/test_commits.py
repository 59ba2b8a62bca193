"""Bare commits are commits: as many rows, each in a transaction of its own."""

import apsw

from bench.commits import commits, commits_by_thread


async def test_each_row_is_stored_by_either_way(tmp_path):
    (tmp_path / "alone").mkdir()
    (tmp_path / "thread").mkdir()

    assert commits(tmp_path / "alone", 3) > 0
    assert await commits_by_thread(tmp_path / "thread", 3) > 0

    for way in ("alone", "thread"):
        connection = apsw.Connection(str(tmp_path / way / "commits.db"))
        assert connection.execute("SELECT count(*) FROM jobs").get == 3
