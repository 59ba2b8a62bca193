"""Rows made by SQL are what enqueueing and running would have left."""

import pytest

from bench.app import Noop, app
from bench.rows import fill, forget_completed
from runtime.model.records import Status


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    file = f"sqlite:///{tmp_path}/bench.db"
    return file if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.mark.parametrize("status", [Status.PENDING, Status.COMPLETED, Status.SCHEDULED])
async def test_the_queue_counts_them_and_goes_on(url, status):
    await fill(url, "noop", status, 25)

    async with app.open(url) as deployment:
        added = await deployment.queue.enqueue(Noop())
        stats = await deployment.queue.stats()
        page = await deployment.queue.jobs(status=status)

    assert getattr(stats, status.value) == 25 + (status is Status.PENDING)
    assert added.id > 25  # a server gives out ids in blocks
    assert {record.type for record in page.items} == {"noop"}
    assert all((record.completed_at is not None) == (status is Status.COMPLETED) for record in page.items)


async def test_completed_rows_can_be_forgotten_and_others_stay(url):
    await fill(url, "noop", Status.COMPLETED, 5)
    await fill(url, "echo", Status.COMPLETED, 7)

    await forget_completed(url, "noop")

    async with app.open(url) as deployment:
        stats = await deployment.queue.stats()
    assert [(count.type, count.count) for count in stats.by_type] == [("echo", 7)]
