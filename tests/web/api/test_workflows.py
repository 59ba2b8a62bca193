import pytest

from runtime.flow import chain, group
from runtime.testing import drain
from tests.web.obedient import Echo, Fail


async def test_a_workflow_is_shown_with_its_jobs(visitor, deployment):
    stored = await deployment.queue.enqueue(chain(Echo(), group(Echo(), Echo())), name="three")

    found = (await visitor.get(f"/admin/workflows/{stored.id}?limit=2")).json
    assert (found["name"], found["state"], found["total"], found["progress"]) == ("three", "running", 3, 0)
    assert [job["status"] for job in found["jobs"]] == ["pending", "blocked"]
    rest = (await visitor.get(f"/admin/workflows/{stored.id}?cursor={found['cursor']}")).json
    assert len(rest["jobs"]) == 1
    assert [each["id"] for each in (await visitor.get("/admin/workflows")).json["workflows"]] == [stored.id]

    await drain(deployment)
    assert (await visitor.get(f"/admin/workflows/{stored.id}")).json["state"] == "completed"
    listed = {
        state: (await visitor.get(f"/admin/workflows?state={state}")).json["workflows"]
        for state in ("completed", "running", "failed", "cancelled")
    }
    assert [state for state, found in listed.items() if found] == ["completed"]
    assert (await visitor.get("/admin/workflows?state=lost")).fields == ["state"]


async def test_a_workflow_is_cancelled_and_retried_as_a_whole(visitor, deployment):
    stored = await deployment.queue.enqueue(chain(Echo(), Echo()))

    cancelled = (await visitor.post(f"/admin/workflows/{stored.id}/cancel")).json
    assert (cancelled["state"], cancelled["cancelled"]) == ("cancelled", 2)
    again = (await visitor.post(f"/admin/workflows/{stored.id}/retry")).json
    assert (again["state"], again["unfinished"]) == ("running", 2)


@pytest.mark.parametrize("path", ["/admin/workflows/7"])
async def test_a_workflow_that_is_not_there_is_not_found(visitor, path):
    assert (await visitor.get(path)).status == 404
    assert (await visitor.post(f"{path}/cancel")).status == 404
    assert (await visitor.post(f"{path}/retry")).status == 404


async def test_a_job_depends_on_others_and_says_so(visitor, deployment):
    parent = (await visitor.post("/admin/jobs", {"type": "fail", "delaySeconds": 60})).json["id"]
    body = {"type": "echo", "dependsOn": [parent], "onFailure": "wait"}
    child = (await visitor.post("/admin/jobs", body)).json
    assert child["status"] == "blocked"

    shown = (await visitor.get(f"/admin/jobs/{child['id']}")).json
    assert shown["waitReason"] == f"waits for job {parent}"
    assert shown["parents"] == [
        {"id": parent, "type": Fail.policy.type, "status": "scheduled", "edge": "open"}
    ]
    assert [each["id"] for each in (await visitor.get(f"/admin/jobs/{parent}")).json["children"]] == [
        child["id"]
    ]


async def test_a_job_cannot_depend_on_one_that_is_not_there(visitor):
    answer = await visitor.post("/admin/jobs", {"type": "echo", "dependsOn": [99]})

    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == ["dependsOn.0"]
