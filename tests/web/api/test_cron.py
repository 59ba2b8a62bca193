import pytest

from runtime.testing import running_worker


@pytest.fixture
async def scheduled(deployment):
    """The schedules are declared by the first worker."""
    async with running_worker(deployment):
        pass


async def test_schedules_are_listed_with_their_next_five_ticks(visitor, scheduled):
    [schedule] = (await visitor.get("/admin/cron")).json["schedules"]

    assert (schedule["name"], schedule["expression"], schedule["timezone"]) == (
        "nightly",
        "0 3 * * *",
        "Europe/Berlin",
    )
    assert schedule["paused"] is False
    assert len(schedule["nextTicks"]) == 5
    assert all(tick.endswith("T02:00:00.000Z") for tick in schedule["nextTicks"])  # winter: UTC+1


async def test_a_schedule_is_run_apart_from_its_ticks(visitor, scheduled):
    answer = await visitor.post("/admin/cron/nightly/run")
    assert (answer.status, answer.json["type"], answer.json["status"]) == (201, "nightly", "pending")


async def test_a_schedule_is_paused_and_resumed(visitor, scheduled):
    assert (await visitor.post("/admin/cron/nightly/pause")).json["paused"] is True
    assert (await visitor.get("/admin/cron")).json["schedules"][0]["paused"] is True
    assert (await visitor.post("/admin/cron/nightly/resume")).json["paused"] is False


@pytest.mark.parametrize("action", ["run", "pause", "resume"])
async def test_a_schedule_that_is_not_there_is_not_found(visitor, action):
    assert (await visitor.post(f"/admin/cron/echo/{action}")).status == 404
