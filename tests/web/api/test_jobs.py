import pytest

from runtime.model.records import Priority, Status
from runtime.testing import drain
from tests.web.obedient import Echo, Fail, Stumble

NEW = {"type": "echo", "payload": {"message": "hi"}}


async def test_a_job_is_enqueued_with_all_its_options(visitor, deployment):
    answer = await visitor.post("/admin/jobs", {**NEW, "priority": 20, "delaySeconds": 60, "key": "once"})

    assert answer.status == 201
    job = answer.json
    assert answer.headers["Location"] == f"/admin/jobs/{job['id']}"
    assert (job["type"], job["payload"]["message"], job["status"]) == ("echo", "hi", "scheduled")
    assert (job["priority"], job["key"], job["duplicate"]) == (20, "once", False)
    record = (await deployment.queue.job(job["id"])).record
    assert record.scheduled_at - record.created_at == pytest.approx(60)


async def test_a_job_needs_only_its_type(visitor):
    job = (await visitor.post("/admin/jobs", {"type": "echo"})).json
    assert (job["status"], job["priority"], job["attempts"]) == ("pending", Priority.NORMAL, 0)


@pytest.mark.parametrize(("name", "number"), [("LOW", 0), ("normal", 5), ("High", 10), ("CRITICAL", 20)])
async def test_a_priority_may_be_said_by_name(visitor, name, number):
    assert (await visitor.post("/admin/jobs", {**NEW, "priority": name})).json["priority"] == number


async def test_a_key_that_is_taken_is_answered_with_the_job_that_holds_it(visitor):
    first = await visitor.post("/admin/jobs", {**NEW, "key": "once"})
    second = await visitor.post("/admin/jobs", {**NEW, "key": "once"})

    assert (first.status, second.status) == (201, 200)
    assert second.json["id"] == first.json["id"]
    assert second.json["duplicate"] is True


async def test_a_key_is_kept_for_a_while_whatever_becomes_of_the_job(visitor):
    first = await visitor.post("/admin/jobs", {**NEW, "key": "once", "uniqueForSeconds": 60})
    await visitor.post(f"/admin/jobs/{first.json['id']}/cancel")

    assert (await visitor.post("/admin/jobs", {**NEW, "key": "once"})).json["id"] == first.json["id"]
    refused = await visitor.post("/admin/jobs", {**NEW, "uniqueForSeconds": 60})
    assert [error["field"] for error in refused.json["errors"]] == ["uniqueForSeconds"]


async def test_jobs_are_listed_newest_first_in_pages(visitor, deployment):
    ids = await deployment.queue.enqueue_many([Echo(message=str(n)) for n in range(5)])

    first = (await visitor.get("/admin/jobs?limit=3")).json
    rest = (await visitor.get(f"/admin/jobs?limit=3&cursor={first['cursor']}")).json

    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]
    assert rest["cursor"] is None


async def test_jobs_are_filtered_by_status_and_type(visitor, deployment):
    await deployment.queue.enqueue(Echo())
    later = await deployment.queue.enqueue(Echo(), delay=60)
    other = await deployment.queue.enqueue(Fail())

    assert [job["id"] for job in (await visitor.get("/admin/jobs?status=scheduled")).json["jobs"]] == [
        later.id
    ]
    assert [job["id"] for job in (await visitor.get("/admin/jobs?type=fail")).json["jobs"]] == [other.id]


async def test_a_job_is_shown_with_its_history_and_why_it_waits(visitor, deployment):
    record = await deployment.queue.enqueue(Stumble())
    waiting = (await visitor.get(f"/admin/jobs/{record.id}")).json
    await drain(deployment)
    shown = (await visitor.get(f"/admin/jobs/{record.id}")).json

    assert "no running worker" in waiting["waitReason"]
    assert waiting["history"] == []
    assert (shown["status"], shown["attempts"], shown["maxAttempts"]) == ("scheduled", 1, 3)
    assert shown["lastError"].splitlines()[0] == "ConnectionError: nobody at home"
    [run] = shown["history"]
    assert (run["attempt"], run["outcome"]) == (1, "failed")
    assert run["startedAt"].endswith("Z")
    assert "retried" in shown["waitReason"]


async def test_secrets_in_payloads_are_not_shown(visitor, deployment):
    record = await deployment.queue.enqueue(Echo(message="hi", token="hunter2"))

    for path in ("/admin/jobs", f"/admin/jobs/{record.id}"):
        assert "hunter2" not in (await visitor.get(path)).text


async def test_a_waiting_job_is_cancelled_at_once_and_only_once(visitor, deployment):
    record = await deployment.queue.enqueue(Echo())

    assert (await visitor.post(f"/admin/jobs/{record.id}/cancel")).json["status"] == "cancelled"
    assert (await visitor.post(f"/admin/jobs/{record.id}/cancel")).status == 409


async def test_a_failed_job_is_retried_and_a_pending_one_is_not(visitor, deployment):
    record = await deployment.queue.enqueue(Fail())
    assert (await visitor.post(f"/admin/jobs/{record.id}/retry")).status == 409
    await drain(deployment)

    answer = await visitor.post(f"/admin/jobs/{record.id}/retry")

    assert (answer.status, answer.json["status"]) == (200, "pending")


@pytest.mark.parametrize("action", ["cancel", "retry"])
async def test_nothing_is_done_to_a_job_that_is_not_there(visitor, action):
    assert (await visitor.post(f"/admin/jobs/99/{action}")).status == 404


async def test_looking_changes_nothing(visitor, deployment):
    record = await deployment.queue.enqueue(Echo())
    for action in ("cancel", "retry"):
        assert (await visitor.get(f"/admin/jobs/{record.id}/{action}")).status == 405
    assert (await deployment.queue.job(record.id)).record.status is Status.PENDING


async def test_a_job_may_expire_has_a_deadline_and_replaces_the_one_that_holds_its_key(visitor, deployment):
    more = {"key": "k", "onConflict": "replace", "expiresSeconds": 5, "deadlineSeconds": 60}
    first = (await visitor.post("/admin/jobs", {**NEW, "key": "k"})).json
    again = await visitor.post("/admin/jobs", {**NEW, **more, "payload": {"message": "new"}})

    assert (again.status, again.json["id"]) == (200, first["id"])
    shown = (await visitor.get(f"/admin/jobs/{first['id']}")).json
    assert shown["payload"]["message"] == "new"
    assert shown["createdAt"] <= shown["startBy"] < shown["endBy"]


async def test_what_a_job_said_and_returned_is_shown_without_its_secrets(visitor, deployment):
    record = await deployment.queue.enqueue(Echo(message="hi", token="hunter2"))
    await drain(deployment)
    answer = await visitor.get(f"/admin/jobs/{record.id}")

    assert answer.json["progress"]["fraction"] == 0.5
    assert (answer.json["progress"]["message"], answer.json["progress"]["at"][-1]) == ("half", "Z")
    [line] = answer.json["logs"]
    assert (line["run"], line["level"], line["text"]) == (1, "info", "told")
    assert answer.json["result"]["message"] == "hi"
    assert "hunter2" not in answer.text


async def test_many_jobs_are_cancelled_by_a_filter_and_never_all_by_mistake(visitor, deployment):
    await deployment.queue.enqueue_many([Echo()] * 3)
    await deployment.queue.enqueue(Fail())

    assert (await visitor.post("/admin/jobs/cancel", {})).status == 422
    assert (await visitor.post("/admin/jobs/cancel", {"type": "echo", "priority": "NORMAL"})).json == {
        "cancelled": 3
    }
    assert (await visitor.post("/admin/jobs/cancel", {"all": True})).json == {"cancelled": 1}


async def test_a_waiting_job_is_moved(visitor, deployment):
    record = await deployment.queue.enqueue(Echo())
    path = f"/admin/jobs/{record.id}"

    later = (await visitor.post(f"{path}/reschedule", {"at": "2126-01-02T03:04:05+01:00"})).json
    assert (later["status"], later["scheduledAt"]) == ("scheduled", "2126-01-02T02:04:05.000Z")
    assert (await visitor.post(f"{path}/reschedule", {"delaySeconds": 0})).json["status"] == "pending"
    assert (await visitor.post(f"{path}/priority", {"priority": "HIGH"})).json["priority"] == 10
    assert (await visitor.post(f"{path}/reschedule", {})).status == 422
    await drain(deployment)
    assert (await visitor.post(f"{path}/priority", {"priority": 1})).status == 409
