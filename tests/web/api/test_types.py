import pytest

from runtime.testing import running_worker
from tests.web.obedient import Echo


async def test_types_are_listed_with_what_there_is_of_them(visitor, deployment):
    await deployment.queue.enqueue_many([Echo(), Echo()])

    types = {found["type"]: found for found in (await visitor.get("/admin/types")).json["types"]}

    assert types["echo"] == {"type": "echo", "paused": False, "known": False, "counts": {"pending": 2}}
    assert types.keys() == {"echo", "fail", "nightly", "stumble", "unhandled"}


async def test_a_type_is_known_while_a_worker_runs_it(visitor, deployment):
    async with running_worker(deployment):
        types = {found["type"]: found for found in (await visitor.get("/admin/types")).json["types"]}

    assert types["echo"]["known"] is True
    assert types["unhandled"]["known"] is False


async def test_a_type_is_paused_and_resumed(visitor):
    async def paused():
        return [
            found["type"] for found in (await visitor.get("/admin/types")).json["types"] if found["paused"]
        ]

    assert (await visitor.post("/admin/types/echo/pause")).json == {"type": "echo", "paused": True}
    assert await paused() == ["echo"]
    assert (await visitor.post("/admin/types/echo/resume")).json == {"type": "echo", "paused": False}
    assert await paused() == []


@pytest.mark.parametrize("action", ["pause", "resume"])
async def test_a_type_that_nobody_knows_is_not_found(visitor, action):
    assert (await visitor.post(f"/admin/types/nothing/{action}")).status == 404
