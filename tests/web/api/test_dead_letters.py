import pytest

from runtime.testing import drain
from tests.web.obedient import Echo, Fail


@pytest.fixture
async def dead(deployment):
    """Three jobs that failed for good; their ids."""
    ids = await deployment.queue.enqueue_many([Fail(error=f"error {n}") for n in range(3)])
    await drain(deployment)
    return ids


async def test_dead_letters_are_listed_newest_first_in_pages(visitor, dead):
    first = (await visitor.get("/admin/dlq?limit=2")).json
    rest = (await visitor.get(f"/admin/dlq?cursor={first['cursor']}")).json

    letters = first["deadLetters"] + rest["deadLetters"]
    assert sorted(letter["jobId"] for letter in letters) == dead
    assert [letter["id"] for letter in letters] == sorted((letter["id"] for letter in letters), reverse=True)
    assert {letter["error"].splitlines()[0] for letter in letters} == {
        f"Discard: error {n}" for n in range(3)
    }
    assert all(letter["reviewed"] is False and letter["attempts"] == 1 for letter in letters)


async def test_a_reviewed_letter_is_listed_apart(visitor, dead):
    letter = (await visitor.get("/admin/dlq")).json["deadLetters"][0]["id"]

    reviewed = await visitor.post(f"/admin/dlq/{letter}/review")

    assert reviewed.json["reviewed"] is True
    assert [found["id"] for found in (await visitor.get("/admin/dlq?reviewed=true")).json["deadLetters"]] == [
        letter
    ]
    assert len((await visitor.get("/admin/dlq?reviewed=false")).json["deadLetters"]) == 2


async def test_a_retried_letter_goes_and_its_job_begins_anew(visitor, dead):
    letter = (await visitor.get("/admin/dlq")).json["deadLetters"][0]

    job = (await visitor.post(f"/admin/dlq/{letter['id']}/retry")).json

    assert (job["id"], job["status"]) == (letter["jobId"], "pending")
    assert len((await visitor.get("/admin/dlq")).json["deadLetters"]) == 2
    assert (await visitor.post(f"/admin/dlq/{letter['id']}/retry")).status == 404


async def test_all_letters_or_those_of_a_type_are_retried(visitor, dead):
    assert (await visitor.post("/admin/dlq/retry", {"type": "echo"})).json == {"retried": 0}
    assert (await visitor.post("/admin/dlq/retry", {"type": "fail"})).json == {"retried": 3}
    assert (await visitor.post("/admin/dlq/retry")).json == {"retried": 0}


async def test_letters_are_filtered_by_type(visitor, dead, deployment):
    await deployment.queue.enqueue(Echo())
    assert len((await visitor.get("/admin/dlq?type=fail")).json["deadLetters"]) == 3
    assert (await visitor.get("/admin/dlq?type=echo")).json == {"deadLetters": [], "cursor": None}


@pytest.mark.parametrize("action", ["retry", "review"])
async def test_a_letter_that_is_not_there_is_not_found(visitor, action):
    assert (await visitor.post(f"/admin/dlq/99/{action}")).status == 404
