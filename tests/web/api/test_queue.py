from runtime.cli.shapes import stats_json
from runtime.testing import drain
from tests.web.obedient import Echo, Fail


async def test_the_queue_is_shown_in_numbers(visitor, deployment):
    await deployment.queue.enqueue_many([Echo(), Echo(), Fail()])
    await drain(deployment)
    await deployment.queue.enqueue(Echo())
    await deployment.queue.enqueue(Echo(), delay=60)

    stats = (await visitor.get("/admin/queue/stats")).json

    queue = stats["queue"]
    assert (queue["pending"], queue["scheduled"], queue["processing"], queue["failed"]) == (1, 1, 0, 1)
    assert (queue["completedLastHour"], queue["failedLastHour"]) == (2, 1)
    assert stats["deadLetterQueue"] == {"unreviewed": 1}
    assert {"type": "echo", "status": "completed", "count": 2} in stats["byType"]


async def test_the_command_prints_the_same(visitor, deployment):
    await deployment.queue.enqueue_many([Echo(), Fail()])
    await drain(deployment)

    assert (await visitor.get("/admin/queue/stats")).json == stats_json(await deployment.queue.stats())
