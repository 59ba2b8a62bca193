import os

from runtime.testing import running_worker


async def test_running_workers_are_listed_and_gone_ones_are_not(visitor, deployment):
    async with running_worker(deployment):
        [worker] = (await visitor.get("/admin/workers")).json["workers"]

    assert worker["pid"] == os.getpid()
    assert (worker["runners"], worker["running"], worker["alive"], worker["stopping"]) == (8, 0, True, False)
    assert "echo" in worker["types"]
    assert (await visitor.get("/admin/workers")).json == {"workers": []}
